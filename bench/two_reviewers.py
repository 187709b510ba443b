"""Two reviewers in two browsers at one queue: is every entry decided exactly once, is none left, and how fast does it go?

    python -m bench.two_reviewers --items 500

Real pages in real Chromium, keyboard only: each reviewer presses Enter until the queue is empty. The entries are drawn by SQL and share
one page image; each has a field in doubt and a mother to be chosen, the first candidate right. A database and an object store of its own.
"""
from __future__ import annotations

import argparse
import asyncio
import io
import shutil
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvicorn
from PIL import Image, ImageDraw

from pipelines.services import ArchiveOptions, IntakeOptions, MatchingOptions, PortalOptions, ReadingOptions, Services
from portal.app import create_app
from portal.security import SESSION_COOKIE, OpenSession
from storage import accounts
from storage.database import Database
from storage.models import Batch, Entry, Event, Field, Link, Page, Person, PopulationSnapshot
from storage.user_sessions import new_session

PEOPLE = ("tp.an", "tp.binh")
SIZE = (620, 877)
FIELDS = (("so", 0.99, [60, 40, 120, 70]), ("quyenSo", 0.99, [200, 40, 300, 70]), ("nksHoTen", 0.62, [150, 120, 400, 150]),
          ("nksNgaySinh", 0.98, [150, 160, 300, 190]), ("meHoTen", 0.98, [150, 320, 400, 350]), ("meNgaySinh", 0.98, [150, 360, 220, 390]))
EVIDENCE = [["prior", "", -12.2], ["name", "same", 6.1], ["birth", "same year", 3.1]]
_SHOWN = "document.querySelector('#entry[data-ready]') ? Number(document.getElementById('entry').dataset.entry) : 0"
_DRAWN_ENOUGH = 0.08        # seconds a person takes at least between two keys


@dataclass(frozen=True)
class Outcome:
    """decided: entries verified; twice: verified more than once; left: still open; by: how many each; presses, seconds: of the whole."""

    items: int
    decided: int
    twice: int
    left: int
    by: dict[str, int]
    undone: int
    presses: float
    seconds: float

    @property
    def once_each(self) -> bool:
        return self.decided == self.items and not self.twice and not self.left


def fill(database: Database, ledger: Any, items: int) -> None:
    """A book of so many entries on one page image."""
    image = Image.new("RGB", SIZE, "#f4efe2")
    pen = ImageDraw.Draw(image)
    for n in range(18):
        pen.text((60, 45 + 40 * n), f"dòng {n} ........ mực xanh trên giấy", fill="#203060")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    ledger.put("archive", "bench/page.jpg", out.getvalue(), "image/jpeg")
    with database.session() as s:
        snapshot = PopulationSnapshot(source="p.csv", sha256="0" * 64, state="current")
        s.add_all([snapshot, Batch(id="KS.2018.01", folder="", content_hash="", kind="KS", commune_code="21139", book_number="01/2018",
                                   declared={})])
        s.flush()
        s.add_all(Page(id=n, batch_id="KS.2018.01", file=f"KS.2018.01.{n:03d}.jpg", sha256="0" * 64, size=1, media_type="image/jpeg",
                       state="read", form="KS2016", original_key="bench/page.jpg", width=SIZE[0], height=SIZE[1],
                       quality={"verdict": "good", "reasons": []}) for n in range(1, items + 1))
        s.flush()
        for n in range(1, items + 1):
            said = {"so": str(n), "quyenSo": "01/2018", "nksHoTen": "Lê Thị Loan", "nksNgaySinh": "2018-03-01", "meHoTen": "Trần Thị Mận",
                    "meNgaySinh": "1985"}
            people = [{"personal_id": f"0511850{i:05d}", "probability": p, "evidence": EVIDENCE} for i, p in ((n, 0.7), (n + 50_000, 0.2))]
            s.add_all(Person(snapshot_id=snapshot.id, personal_id=c["personal_id"], name="TRẦN THỊ MẬN", birth_date="1985")
                      for c in people)
            entry = Entry(page_id=n, kind="KS", form="KS2016", number=str(n), year=2018, status="review", risk=1.0 / n,
                          reasons=[["low_confidence", "nksHoTen"]])
            entry.fields = [Field(code=c, value=said[c], raw=said[c], confidence=p, source="ocr", box=box) for c, p, box in FIELDS]
            entry.links = [Link(role="me", decision="review", snapshot_id=snapshot.id, personal_id=people[0]["personal_id"],
                                probability=0.7, linker_probability=0.7, joint_probability=0.7, candidates=people)]
            s.add(entry)
        for name in PEOPLE:
            accounts.add_user(s, name, None, "reviewer")


async def review(browser: Any, address: str, cookie: str, items: int) -> int:
    """Press Enter until the queue is empty; the key presses it took."""
    from playwright.async_api import Error
    context = await browser.new_context(viewport={"width": 1366, "height": 768}, base_url=address, reduced_motion="reduce")
    await context.add_cookies([{"name": SESSION_COOKIE, "value": cookie, "url": address}])
    page = await context.new_page()
    await page.goto("/review/next")
    presses, quiet = 0, time.monotonic()
    while True:
        try:
            if page.url.partition("?")[0].endswith("/review"):
                if await page.locator("#start").count() == 0:
                    break
                await asyncio.sleep(1)          # what is left the other one holds, until it is decided or given back
                await page.goto("/review/next")
                continue
            if await page.evaluate(_SHOWN):
                await page.keyboard.press("Enter")
                presses, quiet = presses + 1, time.monotonic()
        except Error:                           # between two pages
            pass
        await asyncio.sleep(_DRAWN_ENOUGH)
        if presses > 40 * items or time.monotonic() - quiet > 60:
            raise RuntimeError(f"no way on at {page.url}")
    for _ in range(400):
        if await page.evaluate("!document.body.dataset.unsent || document.body.dataset.unsent === '0'"):
            break
        await asyncio.sleep(0.05)
    await context.close()
    return presses


async def both(address: str, cookies: list[str], items: int) -> int:
    from playwright.async_api import async_playwright
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    async with async_playwright() as p:
        browser = await p.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        presses = await asyncio.gather(*(review(browser, address, c, items) for c in cookies))
        await browser.close()
    return sum(presses)


def two_reviewers(database: Database, ledger: Any, home: Path, items: int) -> Outcome:
    """Fill the empty database, serve the portal, let both work, count what the log says."""
    fill(database, ledger, items)
    services = Services(home=home, database=database, objects=ledger.store, ledger=ledger, signer=None,     # type: ignore[arg-type]
                        intake=IntakeOptions(), reading=ReadingOptions(), matching=MatchingOptions(home), archive=ArchiveOptions(),
                        portal=PortalOptions())
    app = create_app(services, archive_in_background=False)
    with database.session() as s:
        cookies = [app.state.portal.sessions.renew(OpenSession(new_session(s, name))) for name in PEOPLE]
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    begun = time.monotonic()
    try:
        presses = asyncio.run(both(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", cookies, items))
    finally:
        seconds = time.monotonic() - begun
        server.should_exit = True
        thread.join(10)
    with database.reading() as s:
        verified = s.execute(sa.select(Event.subject, Event.actor).where(Event.action == "entry.verify")).all()
        left = s.scalar(sa.select(sa.func.count()).where(Entry.status.in_(("draft", "review")))) or 0
        undone = s.scalar(sa.select(sa.func.count()).where(Event.action == "decision.undo")) or 0
    times = Counter(subject for subject, _ in verified)
    return Outcome(items, len(times), sum(n > 1 for n in times.values()), left, dict(Counter(a for _, a in verified)), undone,
                   presses / max(items, 1), seconds)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--items", type=int, default=500)
    items = parser.parse_args().items
    from storage.embedded_store import EmbeddedStore
    from storage.objects import ObjectStore
    from storage.outbox import ObjectLedger

    with tempfile.TemporaryDirectory(prefix="sogoc-two") as folder:
        database = Database(Path(folder) / "sogoc.db")
        database.upgrade()
        embedded = EmbeddedStore(Path(folder))
        try:
            objects = ObjectStore(embedded.ensure())
            objects.ensure_buckets()
            told = two_reviewers(database, ObjectLedger(database, objects), Path(folder), items)
        finally:
            database.dispose()
            embedded.stop()
    print(f"{told.items} entries, two browsers, {told.seconds:.0f} s: {told.decided} decided, {told.twice} twice, {told.left} left; "
          f"by {told.by}; {told.presses:.2f} key presses an entry")
    return 0 if told.once_each else 1


if __name__ == "__main__":
    raise SystemExit(main())
