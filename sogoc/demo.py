"""The demo: the sample books go the whole way, from scanned pages to a signed copy that another program fetched.

Everything is the real thing but two: the people are made up (samples/), and the reviewer is played by this module, which types in what
`samples/truth.jsonl` says is written, through the same functions the portal's pages call.
"""
from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
import typer

from pipelines.pending import pending_batches
from pipelines.services import Services
from pipelines.take_in import limits_of
from sogoc.commands.shared import Bars
from sogoc.demo_copy import Fetched, fetch_copy
from sogoc.demo_portal import RunningPortal
from sogoc.errors import SogocError
from sogoc.home import create, open_services
from sogoc.language import count, language, t
from sogoc.serving import ReadingStarter
from sogoc.settings import Settings
from sogoc.working import work_on
from storage import accounts, events
from storage.intake import add_folder
from storage.models import ApiClient, Entry, Page, User
from storage.overview import Figures, figures
from storage.policy import Actor
from storage.population import import_population
from storage.review import correct_field, decide_link, verify_entry

REVIEWER = Actor("demo.ra-soat", "reviewer", display_name="Người rà soát (mô phỏng)")
CLIENT = "demo.mot-cua"
FONDS = "DEMO"
# account -> role, name, what it is for
PEOPLE = {"demo": ("reviewer", "Người rà soát (demo)", ("rà soát", "reviews")),
          "demo.duyet": ("approver", "Người phê duyệt (demo)", ("phê duyệt, trích lục, gửi Bộ", "approves, extracts, the Ministry")),
          "demo.nhat-ky": ("auditor", "Kiểm tra viên (demo)", ("nhật ký, cảnh báo", "the log, alerts"))}
VERIFIED = 3            # entries the simulated reviewer verifies in each birth book


@dataclass(frozen=True)
class Truth:
    """What is written on one sample page, and who its people are."""

    batch: str
    file: str
    values: dict[str, object]
    links: dict[str, str | None]


def run_demo(settings: Settings, samples: Path | None, serve: bool) -> None:
    """The whole way; prints a report. Raises SogocError when a step does not do what it must."""
    place = samples or Path(__file__).resolve().parent.parent / "samples"
    if not (place / "truth.jsonl").is_file():
        raise SogocError(f"Không thấy sổ mẫu ở {place}.", f"No samples at {place}.")
    step(1, "Tạo thư mục dữ liệu", "Make the home")
    fonds = settings.archive.fonds_code or FONDS
    create(settings, fonds)
    settings = settings.model_copy(update={"archive": settings.archive.model_copy(update={"undo_seconds": 0, "fonds_code": fonds})})
    with open_services(settings) as s:
        new = take_in(s, place)
        waiting = [p.batch_id for p in pending_batches(s)]
        step(3, "Đọc, đối chiếu, xếp hàng rà soát (Dagster)", "Read, link, queue for review (Dagster)")
        if waiting and not process(s, waiting):
            raise SogocError("Một bước xử lý không xong, xem các dòng trên.", "A step failed, see the lines above.")
        step(4, f"Rà soát MÔ PHỎNG: nhập theo {place / 'truth.jsonl'}, đúng các hàm mà trang rà soát gọi",
             f"SIMULATED review: values from {place / 'truth.jsonl'} go through the functions of the review page")
        verified = review(s, read_truth(place))
        step(5, "Lưu trữ: PDF/A có chữ ký số, bản kê, khóa", "Archive: signed PDF/A, manifest, locked")
        due = [p.batch_id for p in pending_batches(s)]
        if due and not process(s, due):
            raise SogocError("Lưu trữ không xong, xem các dòng trên.", "Archiving failed, see the lines above.")
        login = demo_accounts(s)
        step(6, "Cổng web, rồi lấy bản sao qua API như phần mềm một cửa", "Portal; fetch a copy through the API as the one-stop system")
        with RunningPortal(s, settings.home / "logs" / "portal.log", ReadingStarter(settings).start) as portal:
            fetched = fetch_copy(s, portal.url, CLIENT, login.client_secret, s.home / "demo")
            with s.database.reading() as session:
                total = figures(session)
                query = sa.select(Entry.id).where(Entry.status == "review").order_by(Entry.risk.desc(), Entry.id)
                waiting_entry = session.scalar(query.limit(1))
            before = not (new or waiting or verified or due)
            report(total, fetched, portal.url, waiting_entry, login, settings.home, done_before=before, serving=serve)
            if serve:
                portal.wait()


def step(number: int, vi: str, en: str) -> None:
    typer.secho(f"\n[{number}/6] {vi}" if language() == "vi" else f"\n[{number}/6] {en}", bold=True)


def take_in(s: Services, place: Path) -> int:
    """Population and books; how much of it was new."""
    step(2, "Nạp dân cư mẫu và các quyển sổ mẫu", "Import the sample people and books")
    new = 0
    with Bars() as bars:
        snapshot = import_population(s.database, place / "population.csv", progress=bars.callback(("Nạp dân cư", "Importing people")))
    typer.echo(t(f"{count(snapshot.rows)} người (không có thật).", f"{count(snapshot.rows)} people (made up)."))
    for folder in sorted(p for p in (place / "books").iterdir() if p.is_dir()):
        taken = add_folder(s.database, s.ledger, folder, limits=limits_of(s), actor="demo", antivirus=s.antivirus)
        new += taken.added
        vi, en = f"{taken.added} trang mới, {taken.known} đã có.", f"{taken.added} pages added, {taken.known} known."
        typer.echo(f"{taken.batch_id}: {t(vi, en)}")
    return new


def process(s: Services, waiting: list[str]) -> bool:
    with Bars() as bars:
        return work_on(s, waiting, bars, typer.echo, language())


def read_truth(place: Path) -> list[Truth]:
    """The pages of samples/truth.jsonl in the order of the file."""
    out = []
    for line in (place / "truth.jsonl").read_text("utf-8").splitlines():
        data = json.loads(line)
        batch, _, file = data["file"].rpartition("/")
        out.append(Truth(batch, file, data["values"], data["link"]))
    return out


def review(s: Services, truth: list[Truth]) -> int:
    """Play the reviewer for the first entries of each book of births; how many were verified now."""
    done, seen = 0, dict[str, int]()
    for page in truth:
        if page.values.get("loai") != "KS" or seen.get(page.batch, 0) >= VERIFIED:
            continue
        with s.database.session() as session:
            query = sa.select(Entry).join(Page, Entry.page_id == Page.id)
            entry = session.scalar(query.where(Page.batch_id == page.batch, Page.file == page.file))
            if entry is None:
                continue
            seen[page.batch] = seen.get(page.batch, 0) + 1
            if entry.status not in ("draft", "review"):
                continue
            corrected = type_in(session, entry, page)
            verify_entry(session, REVIEWER, entry.id, acknowledge=True)
            done += 1
        typer.echo(f"{page.batch}/{page.file}: " + t(f"sửa {corrected} trường, xác nhận.", f"{corrected} fields corrected, verified."))
    if not done:
        typer.echo(t("Đã rà soát từ lần trước.", "Reviewed already."))
    return done


def type_in(session: sa.orm.Session, entry: Entry, page: Truth) -> int:
    """Correct what was read otherwise than it is written, and decide the links; how many fields were corrected."""
    read = {f.code: f.value for f in entry.fields}
    corrected = 0
    for code, value in page.values.items():
        if code == "loai" or value is None or read.get(code) == str(value):
            continue
        if code in read or str(value):
            correct_field(session, REVIEWER, entry.id, code, str(value))
            corrected += 1
    for role, personal_id in page.links.items():
        decide_link(session, REVIEWER, entry.id, role, personal_id)
    return corrected


@dataclass(frozen=True)
class Login:
    """How people (PEOPLE, one password) and the one-stop system come in. The password is kept in the home, for the demo alone."""

    password: str
    client_secret: str


def demo_accounts(s: Services) -> Login:
    """People and the one-stop system, made once; their secrets are kept in the home (0600) so that a second run knows them."""
    with s.database.session() as session:
        known = {name for name in PEOPLE if session.get(User, name) is not None}
        known_client = session.get(ApiClient, CLIENT)
        password = kept(s, "demo-password", bool(known), lambda: secrets.token_urlsafe(9) + "-Sg1")
        for user, (role, display_name, _) in PEOPLE.items():
            if user not in known:
                accounts.add_user(session, user, password, role, display_name=display_name)
                events.append(session, "demo", "user.add", f"user:{user}", {"role": role})
        if known_client is None:
            secret = accounts.add_client(session, CLIENT, ["KS:read", "KS:copy"], "Một cửa điện tử (demo)", "H21.129")
            events.append(session, "demo", "client.add", f"client:{CLIENT}", {})
            keep(s, "demo-client", secret)
        client_secret = kept(s, "demo-client", True, lambda: "")
    return Login(password, client_secret)


def kept(s: Services, name: str, known: bool, make: Callable[[], str]) -> str:
    path = s.secrets / name
    if known and path.exists():
        return path.read_text("utf-8")
    return keep(s, name, make())


def keep(s: Services, name: str, text: str) -> str:
    path = s.secrets / name
    path.touch(mode=0o600)
    path.write_text(text, "utf-8")
    return text


def report(total: Figures, fetched: Fetched, url: str, waiting: int | None, login: Login, home: Path, done_before: bool,
           serving: bool) -> None:
    """What was done and where to look, in both languages."""
    review_url = f"{url}/review/{waiting}" if waiting is not None else f"{url}/review"
    vi = [
        "Mọi việc đã xong từ lần trước, không có gì phải làm lại." if done_before else "Xong.",
        f"Trang đã đọc: {total.read}/{total.pages}; để riêng: {total.set_aside}",
        f"Liên kết dân cư: {total.accepted} chắc chắn, {total.to_review} cần người xem",
        f"Đã lưu trữ: {total.archived} bản ghi ({total.packages} gói), {total.objects} tệp trong kho",
        f"Cổng web: {url}   mật khẩu: {login.password}",
        *(f"  tên: {user} ({what[0]})" for user, (_, _, what) in PEOPLE.items()),
        f"Một bản ghi chờ rà soát: {review_url}",
        f"Bản sao lấy qua API: {fetched.path}",
        f"  chữ ký hợp lệ, {fetched.conformance}, có lớp chữ tìm được: {fetched.name}",
    ]
    en = [
        "Everything was done before; nothing had to be done again." if done_before else "Done.",
        f"Pages read: {total.read}/{total.pages}; set aside: {total.set_aside}",
        f"Links: {total.accepted} accepted, {total.to_review} to review",
        f"Archived: {total.archived} records ({total.packages} packages), {total.objects} objects in the store",
        f"Portal: {url}   password: {login.password}",
        *(f"  user: {user} ({what[1]})" for user, (_, _, what) in PEOPLE.items()),
        f"An entry waiting for review: {review_url}",
        f"The copy fetched through the API: {fetched.path}",
        f"  signature valid, {fetched.conformance}, its text layer holds: {fetched.name}",
    ]
    typer.echo()
    typer.secho("— Sổ Gốc, báo cáo / report —", bold=True)
    for line in (*vi, "", *en):
        typer.echo(line)
    if serving:
        typer.echo("\nCổng web đang chạy, Ctrl-C để dừng. / The portal is running, Ctrl-C stops it.")
    else:
        typer.echo(f"\nCổng web nay đã tắt; mở lại / the portal is closed now; open it again: SOGOC_HOME={home} ./run sogoc serve")


