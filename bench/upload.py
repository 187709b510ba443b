"""Uploads a book in headless Chromium over a poor line, killing tab and browser all the while, and counts what was lost, doubled, repeated.

    .venv/bin/python bench/upload.py [--pages 200] [--kills 20] [--rate 64000] [--drop-every 250000] [--seed 1]

Pages are small (some 12 KB, every fiftieth 400 KB, of four chunks) so that it ends in minutes; the line limits what goes to the server to
`rate` bytes a second in all and cuts every connection after each `drop-every` bytes. Every third kill is a SIGKILL to the whole browser.
Ends with 0 when nothing is lost or doubled and at most 1 % of the bytes were sent again though acknowledged.
"""
from __future__ import annotations

import argparse
import hashlib
import io
import random
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

import uvicorn
from PIL import Image, ImageDraw
from sqlalchemy import select

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
from bench.drop_proxy import DropProxy
from bench.killed_browser import Browser, kill_while_sending
from portal.app import create_app
from portal.exchange import receipt_key
from sogoc.home import create, open_services
from sogoc.settings import load
from storage.accounts import add_user
from storage.models import Batch, Page
from sync.manifest import CHUNK_SIZE
from sync.receipt import check_receipt

PERSON, PASSWORD = "xa.minh", "cầu-vồng-7-sắc"


def write_pages(folder: Path, count: int, seed: int) -> list[Path]:
    """Pages of a drawn line and noise, each other bytes."""
    folder.mkdir()
    image = Image.new("RGB", (420, 300), "#f4efe2")
    ImageDraw.Draw(image).text((30, 40), "trang sổ thử, mực xanh", fill="#203060")
    out = io.BytesIO()
    image.save(out, "JPEG")
    for n in range(1, count + 1):
        noise = random.Random(seed * 10_000 + n).randbytes(400_000 if n % 50 == 0 else 9_000)
        (folder / f"KS.2018.01.{n:03}.jpg").write_bytes(out.getvalue() + noise)
    return sorted(folder.iterdir())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("pages", 200), ("kills", 20), ("rate", 64_000), ("drop-every", 250_000), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    chosen = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        print("no Chromium on this machine", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="sogoc-upload-") as place:
        root = Path(place)
        files = write_pages(root / "scan", chosen.pages, chosen.seed)
        settings = load(root / "home")
        create(settings)
        with open_services(settings) as services:
            with services.database.session() as s:
                add_user(s, PERSON, PASSWORD, "commune_officer", "21139")
            server = uvicorn.Server(uvicorn.Config(create_app(services, archive_in_background=False), port=0, log_level="error",
                                                   timeout_graceful_shutdown=1))
            thread = threading.Thread(target=server.run, daemon=True)
            thread.start()
            while not server.started:
                time.sleep(0.02)
            line = DropProxy(("127.0.0.1", server.servers[0].sockets[0].getsockname()[1]))
            line.bytes_per_second, line.drop_every = chosen.rate, chosen.drop_every
            browser = Browser(program, line.address, root / "profile", PERSON, PASSWORD)
            try:
                browser.open()
                begun = time.monotonic()
                browser.choose(files)
                browser.hand_over()
                chunks = sum(-(-f.stat().st_size // CHUNK_SIZE) for f in files)
                kills = kill_while_sending(browser, services.home / "uploads", chunks, chosen.kills)
                browser.wait_for_result()
                seconds = time.monotonic() - begun
                check_receipt(browser.receipt(), receipt_key(services).public)
            finally:
                browser.close()
                line.close()
                server.should_exit = True
                thread.join(10)
            with services.database.reading() as s:
                batches = len(s.scalars(select(Batch)).all())
                got = [p.sha256 for p in s.scalars(select(Page)) if p.original_key]
        sent = {hashlib.sha256(f.read_bytes()).hexdigest() for f in files}
        content = sum(f.stat().st_size for f in files)
        lost, doubled = len(sent - set(got)), len(got) - len(set(got)) + batches - 1
        again = line.repeated / content
        print(f"{len(files)} pages, {content / 1e6:.1f} MB, {chunks} chunks; line {chosen.rate / 1000:g} KB/s, cut {line.dropped} times; "
              f"killed {kills} times; {seconds:.0f} s")
        print(f"lost {lost}, doubled {doubled}, acknowledged bytes sent again {line.repeated} ({100 * again:.2f} %), "
              f"all bytes towards the server {line.upward / 1e6:.1f} MB; receipt good")
        return int(lost > 0 or doubled > 0 or again > 0.01)


if __name__ == "__main__":
    sys.exit(main())
