"""A Chromium whose tab, or which as a whole, is killed while it uploads, and opened again with the same profile."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_FLAGS = ("--headless=new", "--no-sandbox", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
          "--disable-component-update", "--disable-sync", "--window-size=1366,768", "--remote-debugging-port=0")


class Browser:
    """One person's browser. problems: errors of the page's scripts."""

    def __init__(self, program: str, address: str, profile: Path, person: str, password: str) -> None:
        from playwright.sync_api import sync_playwright

        self._program, self._address, self._profile = program, address, profile
        self._person, self._password = person, password
        self._playwright = sync_playwright().start()
        self._process: subprocess.Popen[bytes] | None = None
        self._connected: Any = None
        self.page: Any = None
        self.problems: list[str] = []

    def open(self) -> None:
        """The upload page, signed in, in a new tab if there is none; the browser is started if it does not run."""
        if self._process is None:
            (self._profile / "DevToolsActivePort").unlink(missing_ok=True)
            self._process = subprocess.Popen([self._program, *_FLAGS, f"--user-data-dir={self._profile}", "about:blank"],
                                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            said = self._profile / "DevToolsActivePort"
            wait_for(lambda: said.exists() and "\n" in said.read_text(), "Chromium did not start")
            self._connected = self._playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{said.read_text().split()[0]}")
        if self.page is None:
            self.page = self._connected.contexts[0].new_page()
            self.page.set_viewport_size({"width": 1366, "height": 768})
            self.page.set_default_timeout(30000)
            self.page.on("pageerror", lambda e: self.problems.append(str(e)))
        self._go("/upload")
        while "/login" in self.page.url:    # also after a kill: Chromium writes its cookies only now and then
            self.page.fill("input[name=name]", self._person)
            self.page.fill("input[name=password]", self._password)
            self.page.press("input[name=password]", "Enter")
            wait_for(lambda: "/login" not in self.page.url, "not signed in")
            self._go("/upload")

    def _go(self, path: str) -> None:
        for _ in range(30):                 # the line drops: what a person does then is to try again
            try:
                self.page.goto(self._address + path, wait_until="load")
                if path != "/upload" or "/login" in self.page.url or self.ready():
                    return
            except Exception as e:
                if "ERR_" not in str(e) and "Timeout" not in str(e):
                    raise
            time.sleep(0.3)
        raise AssertionError(f"{path} never opened")

    def ready(self) -> bool:
        """Whether the page's scripts have started."""
        for _ in range(100):
            if self.page.evaluate("!!document.querySelector('#upload[data-ready]')"):
                return True
            time.sleep(0.05)
        return False

    def until(self, expression: str) -> None:
        try:
            wait_for(lambda: self.page.evaluate(expression), expression)
        except AssertionError as never:
            raise AssertionError(f"never true: {expression} at {self.page.url}: {self.page.inner_text('body')[:2000]}") from never

    def choose(self, files: Sequence[Path]) -> None:
        """Choose files; kept by the browser when this returns."""
        self.page.set_input_files("#files", files)
        self.until(f"document.querySelectorAll('#chosen li').length === {len(files)} && !document.getElementById('send').disabled")

    def hand_over(self) -> None:
        self.page.click("#send")
        self.until("document.querySelectorAll('#chosen li').length === 0 && document.querySelectorAll('#jobs article').length > 0")

    def wait_for_result(self) -> str:
        wait_for(lambda: self.page.evaluate("!!document.querySelector('#result .button')"), "no result", seconds=240)
        return str(self.page.text_content("#result"))

    def picture(self, name: str) -> None:
        """A screenshot for the guides, where the environment says so: SOGOC_PICTURES=docs/images."""
        if os.environ.get("SOGOC_PICTURES"):
            self.page.screenshot(path=Path(os.environ["SOGOC_PICTURES"]) / f"{name}.png")

    def receipt(self) -> Any:
        return json.loads(self.page.evaluate("fetch(document.querySelector('#result a[download]').href).then(a => a.text())"
                                             ".catch(() => Store.jobs().then(j => JSON.stringify(j.find(x => x.receipt).receipt)))"))

    def sign_out(self, person: str) -> None:
        """The browser is the other person's from the next `open` on. A tab that was killed a moment ago may still ask with the old
        session until this returns."""
        self._connected.contexts[0].clear_cookies()
        self._person = person

    def kill_tab(self) -> None:
        """The tab is gone without being asked."""
        self.page.close(run_before_unload=False)
        self.page = None

    def kill(self) -> None:
        """SIGKILL to the browser with all its processes."""
        if self._process is None:
            return
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        try:
            self._connected.close()
        except Exception:                   # it has nobody to say goodbye to
            self._connected = None
        self._process = self.page = None
        (self._profile / "SingletonLock").unlink(missing_ok=True)

    def close(self) -> None:
        self.kill()
        self._playwright.stop()


def wait_for(holds: Any, what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError(what)


def kill_while_sending(browser: Browser, uploads: Path, chunks: int, kills: int, whole_every: int = 3) -> int:
    """Kill the tab, each whole_every-th time the browser, whenever another share of the chunks has arrived; how often it was done."""
    done = 0
    for kill in range(1, kills + 1):
        share = chunks * kill // (kills + 1)
        wait_for(lambda share=share: sum(1 for _ in uploads.glob("*/chunks/*")) >= share, f"{share} chunks never arrived", seconds=240)
        if kill % whole_every == 0:
            browser.kill()
        else:
            browser.kill_tab()
        browser.open()
        done += 1
    return done
