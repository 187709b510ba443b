"""A portal served on a port of its own and people in real Chromium before it; pictures of its pages for the guides."""
from __future__ import annotations

import io
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from PIL import Image
from portal_house import PASSWORD

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NEEDS_CHROMIUM = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]
DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDES = DOCS / "vi" / "anh"
MOST_BYTES = 120_000
_SCREEN = {"width": 1366, "height": 768}


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The address at which the application answers."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@contextmanager
def people_at(address: str, expected: str = "409|422|ERR_FAILED|ERR_ABORTED", locale: str = "vi-VN") -> Iterator[Callable[..., Any]]:
    """tab_of(name): a browser of that person's own, signed in by the login page (no name: nobody). What a page's console complains of,
    but for `expected` refusals, fails the test. locale: the language that the browsers are set to."""
    sync_api = pytest.importorskip("playwright.sync_api")
    problems: list[str] = []
    with sync_api.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", f"--lang={locale}"],
                                    env={**os.environ, "LANGUAGE": locale[:2]})

        def tab_of(name: str = "", screen: dict[str, int] | None = None) -> Any:
            page = browser.new_context(viewport=screen or _SCREEN, base_url=address, reduced_motion="reduce",
                                       locale=locale).new_page()
            page.on("pageerror", lambda e: problems.append(f"{page.url}: {e}"))
            page.on("console", lambda m: problems.append(f"{page.url}: {m.text}") if m.type == "error" and not re.search(expected, m.text)
                    else None)
            page.set_default_timeout(30_000)
            if name:
                page.goto("/login")
                page.fill("input[name=name]", name)
                page.fill("input[name=password]", PASSWORD)
                page.keyboard.press("Enter")
                page.wait_for_url(re.compile("/$"))
            return page

        yield tab_of
        browser.close()
    assert problems == []


def until(page: Any, expression: str, seconds: float = 30) -> None:
    """Wait until the expression is true; Playwright's own waiting evaluates strings in the page, which the security policy refuses."""
    for _ in range(int(seconds * 25)):
        try:
            if page.evaluate(expression):
                return
        except Exception as e:      # between two pages
            if "context was destroyed" not in str(e):
                raise
        time.sleep(0.04)
    raise AssertionError(f"never true: {expression} at {page.url}")


NO_MOUSE = "Number(sessionStorage.mice || 0) === 0"


def no_mouse(page: Any) -> None:
    """From the next page on, count what a mouse or a finger does; NO_MOUSE is true while there was nothing."""
    page.add_init_script("for (const kind of ['mousedown', 'click', 'pointerdown', 'touchstart', 'wheel'])"
                         " addEventListener(kind, (e) => { if (e.isTrusted && e.detail !== 0)"
                         " sessionStorage.mice = Number(sessionStorage.mice || 0) + 1; }, true);")


def picture(page: Any, name: str, folder: Path, kept_in: Path = GUIDES, crop: int = 768) -> Path:
    """The screen as docs/vi/anh/NAME.png where SOGOC_PICTURES=1 asks for it, else below `folder`. crop: how many lines from the top.

    Colours are cut down until the file is small enough for a guide that is read over a commune's line.
    """
    until(page, "[...document.images].every(i => i.complete || i.loading === 'lazy' || !i.getAttribute('src'))")
    place = kept_in if os.environ.get("SOGOC_PICTURES") == "1" else folder
    place.mkdir(parents=True, exist_ok=True)
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB").crop((0, 0, _SCREEN["width"], crop))
    for colours in (256, 192, 128, 96, 64, 48, 32):
        out = io.BytesIO()
        image.quantize(colours, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() < MOST_BYTES:
            break
    assert out.tell() < MOST_BYTES, name
    path = place / f"{name}.png"
    path.write_bytes(out.getvalue())
    return path
