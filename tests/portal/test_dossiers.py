"""Dossiers are confirmed beside their picture: only where one may see them, once, logged, with the keyboard alone."""
from __future__ import annotations

import io
import re
import shutil
import threading
import time

import pytest
import uvicorn
from PIL import Image, ImageDraw, ImageFont
from portal_house import PASSWORD, csrf_of, sign_in
from sqlalchemy import select

from ocr.reading import PageReading
from portal.dossier_item import LABELS, parsed, shown
from portal.language import catalogue
from records.field_text import BadValue
from records.record import DraftRecord, FieldValue
from samples.hands import FONT_FOLDER
from storage.intake import add_folder
from storage.models import Dossier, Event, Page
from storage.readings import save_reading

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FIELDS = {"soKyHieu": "…/QĐ-UBND", "ngayBanHanh": "2020-08", "coQuanBanHanh": "Ủy ban nhân dân xã Nghĩa Kỳ", "loaiVanBan": "Quyết định",
          "trichYeu": "Về việc cải chính hộ tịch", "nguoiKy": "Phạm Văn Long", "chucVu": "Chủ tịch", "noiNhan": ["Như Điều 3", "Lưu: VT"],
          "canXacNhan": ["soKyHieu", "ngayBanHanh"]}


def letter(number: str) -> bytes:
    """A document's first page, its number and day by hand."""
    image, face = Image.new("RGB", (1240, 1754), "#fbfaf5"), lambda n, size: ImageFont.truetype(str(n), size)
    tinos = next((FONT_FOLDER / "print").glob("tinos-regular*"))
    hand = next(p for p in FONT_FOLDER.glob("*.ttf"))
    pen = ImageDraw.Draw(image)
    for x, y, text, font, ink in (
            (120, 110, "ỦY BAN NHÂN DÂN XÃ NGHĨA KỲ", face(tinos, 27), "#222"),
            (640, 110, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", face(tinos, 27), "#222"),
            (740, 150, "Độc lập - Tự do - Hạnh phúc", face(tinos, 27), "#222"), (200, 215, "Số:", face(tinos, 27), "#222"),
            (260, 205, number, face(hand, 38), "#1c3a8f"), (340, 215, "/QĐ-UBND", face(tinos, 27), "#222"),
            (690, 215, "Nghĩa Kỳ, ngày", face(tinos, 27), "#222"), (880, 205, "05", face(hand, 38), "#1c3a8f"),
            (940, 215, "tháng 8 năm 2020", face(tinos, 27), "#222"), (520, 330, "QUYẾT ĐỊNH", face(tinos, 34), "#222"),
            (420, 380, "Về việc cải chính hộ tịch", face(tinos, 30), "#222")):
        pen.text((x, y), text, fill=ink, font=font)
    for n in range(16):
        text = "Căn cứ Luật Hộ tịch ngày 20 tháng 11 năm 2014; xét đề nghị của công chức tư pháp."
        pen.text((160, 470 + 46 * n), text, fill="#333", font=face(tinos, 26))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()


@pytest.fixture
def office(house, tmp_path):
    """The house with two dossiers of commune 21139, one of two pages."""
    for name, pages in (("HS.2020.01", 2), ("HS.2020.02", 1)):
        folder = tmp_path / "scan" / name
        folder.mkdir(parents=True)
        for n in range(1, pages + 1):
            (folder / f"{n:03d}.jpg").write_bytes(letter(f"{name[-2:]}{n}"))
        add_folder(house.database, house.services.ledger, folder, declared={"loai": "HS", "noiDangKy": "UBND xã Nghĩa Kỳ"}, commune="21139")
    hand = DraftRecord("HS", None, 1, {"so": FieldValue("15", "l5", 0.5, "ocr", (255, 205, 335, 250)),
                                       "ngay": FieldValue("05", "05", 0.5, "ocr", (875, 205, 930, 250))})
    with house.database.session() as s:
        for page in s.scalars(select(Page)).all():
            reading = PageReading(None, 0.0, (hand,) if page.file.startswith("001") else (), ())
            save_reading(s, page.id, reading, width=1240, height=1754, dpi=150, quality=None, lattices=None)
        for name in ("HS.2020.01", "HS.2020.02"):
            s.add(Dossier(batch_id=name, fields=FIELDS))
    return house


def ids(house) -> list[int]:
    with house.database.reading() as s:
        return list(s.scalars(select(Dossier.id).order_by(Dossier.id)))


def fields(house, dossier: int) -> dict:
    with house.database.reading() as s:
        return s.get(Dossier, dossier).fields


def revision_of(client, dossier: int) -> str:
    return re.search(r'data-revision="(\w+)"', client.get(f"/dossiers/{dossier}").text)[1]


def confirm(client, dossier: int, **values: str):
    return client.post(f"/dossiers/{dossier}/confirm", json={"revision": revision_of(client, dossier), "values": values},
                       headers=csrf_of(client))


def client_of(house, name: str = "tp.lan"):
    from fastapi.testclient import TestClient
    client = TestClient(house.app())
    sign_in(client, name)
    return client


def test_the_list_leads_to_what_waits_and_the_page_shows_it_beside_its_picture(office) -> None:
    client, (first, second) = client_of(office), ids(office)
    said = client.get("/dossiers").text
    assert "HS.2020.01" in said and "HS.2020.02" in said and "Số, ký hiệu" in said
    assert client.get("/dossiers/next", follow_redirects=False).headers["location"] == f"/dossiers/{first}"
    assert client.get(f"/dossiers/next?after={first}", follow_redirects=False).headers["location"] == f"/dossiers/{second}"
    page = client.get(f"/dossiers/{first}").text
    assert 'value="…/QĐ-UBND"' in page and 'value="08/2020"' in page and "Như Điều 3\nLưu: VT</textarea>" in page
    assert page.count("data-box=") == 2 and "Máy đọc: l5" in page and page.count("data-page=") == 2
    with office.database.reading() as s:
        seen = s.scalars(select(Event).where(Event.action == "record.view")).all()
    assert [e.subject for e in seen] == [f"dossier:{first}"] and "soKyHieu" in seen[0].detail["fields"]
    assert "Nghĩa" not in str(seen[0].detail), "fields are named, what they say is not"


def test_a_confirmation_is_saved_shown_in_the_history_and_taken_back(office) -> None:
    client, (first, _) = client_of(office), ids(office)
    answer = confirm(client, first, soKyHieu="15/QĐ-UBND", ngayBanHanh="5/8/2020", noiNhan="Như Điều 3; Lưu: VT, HCTP")
    assert answer.status_code == 200, answer.text
    kept = fields(office, first)
    assert (kept["soKyHieu"], kept["ngayBanHanh"], kept["noiNhan"]) == ("15/QĐ-UBND", "2020-08-05", ["Như Điều 3", "Lưu: VT, HCTP"])
    assert "canXacNhan" not in kept
    page = client.get(f"/dossiers/{first}").text
    assert "Đã xác nhận 1 lần" in page and "tp.lan" in page and 'value="05/08/2020"' in page
    assert "HS.2020.01" not in client.get("/dossiers").text
    assert client.post(f"/dossiers/{first}/undo", headers=csrf_of(client)).status_code == 200 and fields(office, first) == FIELDS
    assert client.post(f"/dossiers/{first}/undo", headers=csrf_of(client)).json()["code"] == "nothing_to_undo"


def test_what_cannot_be_is_refused_at_its_field_and_nothing_is_saved(office) -> None:
    client, (first, _) = client_of(office), ids(office)
    for values, field in (({"soKyHieu": "…/QĐ-UBND"}, "soKyHieu"), ({"soKyHieu": "1/QĐ", "ngayBanHanh": "32/13/2020"}, "ngayBanHanh")):
        answer = confirm(client, first, **values)
        assert answer.status_code == 422 and answer.json()["field"] == field and answer.json()["message"]
    stale = {"revision": "0" * 16, "values": {"soKyHieu": "1/QĐ"}}
    assert client.post(f"/dossiers/{first}/confirm", json=stale, headers=csrf_of(client)).json()["code"] == "changed_meanwhile"
    assert client.post(f"/dossiers/{first}/confirm", json=stale).status_code == 403, "a forged request"
    assert fields(office, first) == FIELDS


def test_others_may_not_see_or_confirm(office) -> None:
    first = ids(office)[0]
    stranger, auditor = client_of(office, "xa.xa"), client_of(office, "kiem.toan")
    assert stranger.get(f"/dossiers/{first}").status_code == 404 and "HS.2020" not in stranger.get("/dossiers").text
    answer = stranger.post(f"/dossiers/{first}/confirm", json={"revision": "x", "values": {}}, headers=csrf_of(stranger))
    assert answer.status_code == 404 and answer.json()["code"] == "no_such_dossier"
    assert auditor.get("/dossiers").status_code == 403 and auditor.get(f"/dossiers/{first}").status_code == 403
    assert client_of(office, "xa.minh").get(f"/dossiers/{first}").status_code == 200


def test_values_are_typed_as_they_are_shown() -> None:
    for code, value in (("ngayBanHanh", "2020-08-05"), ("ngayBanHanh", "2020-08"), ("noiNhan", ["a", "b"]), ("trichYeu", "V/v x"),
                        ("soKyHieu", "")):
        assert parsed(code, shown(code, value)) == value
    with pytest.raises(BadValue): parsed("soKyHieu", "…/QĐ")


def test_every_word_of_the_pages_has_its_english() -> None:
    from pathlib import Path
    english = catalogue("en")
    for name in ("dossier.html", "dossiers.html"):
        text = (Path(__file__).parents[2] / "portal" / "templates" / name).read_text("utf-8")
        said = set(re.findall(r"_\('([^']+)'", text))
        assert said and said <= set(english), said - set(english)
    assert all(vi and en and vi != en for vi, en in LABELS.values())


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_dossier_is_confirmed_with_the_keyboard_alone(office, tmp_path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    server = uvicorn.Server(uvicorn.Config(office.app(), port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started: time.sleep(0.02)
    first, second = ids(office)
    try:
        with sync_api.sync_playwright() as p:
            browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1366, "height": 768},
                                    base_url=f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
            problems: list[str] = []
            page.on("pageerror", lambda e: problems.append(str(e)))
            page.on("console", lambda m: problems.append(m.text) if m.type == "error" and "422" not in m.text else None)
            page.set_default_timeout(20000)
            page.goto("/login")
            page.fill("input[name=name]", "tp.lan")
            page.fill("input[type=password]", PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url(re.compile(r"/$"))
            page.goto("/dossiers")
            page.keyboard.press("Enter")
            page.wait_for_url(re.compile(rf"/dossiers/{first}$"))
            page.wait_for_selector("#dossier[data-ready]")
            assert page.evaluate("document.activeElement.name") == "soKyHieu", "what must be confirmed comes first"
            time.sleep(0.6)
            page.screenshot(path=str(tmp_path / "dossier.png"))
            page.keyboard.press("Enter")
            page.wait_for_selector(".problem:not([hidden])")
            assert page.evaluate("document.activeElement.name") == "soKyHieu"
            page.keyboard.press("Control+a")
            page.keyboard.type("15/QĐ-UBND")
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.name") == "ngayBanHanh"
            page.keyboard.press("Control+a")
            page.keyboard.type("5/8/2020")
            page.keyboard.press("Enter")
            page.wait_for_url(re.compile(rf"/dossiers/{second}$"))
            assert fields(office, first)["ngayBanHanh"] == "2020-08-05"
            page.goto(f"/dossiers/{first}")
            page.wait_for_selector("#dossier[data-ready]")
            page.keyboard.press("Control+Alt+z")
            page.wait_for_selector(".dossier-field.doubtful")
            assert fields(office, first) == FIELDS
            assert problems == []
            browser.close()
    finally:
        server.should_exit = True
        thread.join(10)
