"""Serves the portal; uploads are read in a process of their own, one batch after another."""

from __future__ import annotations

import dataclasses
import gc
import os
import queue
import socket
import subprocess
import sys
import threading

from sogoc.errors import SogocError
from sogoc.home import open_services
from sogoc.language import language, t
from sogoc.settings import Settings
from storage.errors import NoFondsCode


class ReadingStarter:
    """start(batch_id) returns at once; the batches are run one after another by `sogoc run --batch`."""

    def __init__(self, settings: Settings) -> None:
        self._home = str(settings.home)
        self._waiting: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._loop, name="reading-starter", daemon=True).start()

    def start(self, batch_id: str) -> None:
        self._waiting.put(batch_id)

    def _loop(self) -> None:
        while True:
            batch_id = self._waiting.get()
            with open(os.path.join(self._home, "logs", "run.log"), "ab") as log:
                subprocess.run(
                    [sys.executable, "-P", "-m", "sogoc", "--home", self._home, "run", "--batch", batch_id],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    check=False,
                )


def serve_portal(settings: Settings, host: str | None = None, port: int | None = None, quiet: bool = False) -> None:
    """Serve until stopped. Raises SogocError when the port is taken."""
    import uvicorn

    from portal.app import create_app

    with open_services(settings) as services:
        host, port = host or services.portal.host, port or services.portal.port
        options = dataclasses.replace(
            services.portal, host=host, port=port, public_url=settings.portal.public_url or f"http://{host}:{port}"
        )
        check_port(host, port)
        app = create_app(services, options, start_reading=ReadingStarter(settings).start)
        print(
            t(f"Cổng Sổ Gốc: {options.public_url} (Ctrl-C để dừng)", f"Sổ Gốc portal: {options.public_url} (Ctrl-C stops it)"), flush=True
        )
        if not settings.archive.fonds_code:
            print(NoFondsCode(found="archive.fonds_code").message(language()), flush=True)
        settle_memory()
        uvicorn.run(
            app,
            host=host,
            port=port,
            log_level="warning" if quiet else "info",
            access_log=not quiet,
            server_header=False,
            proxy_headers=False,  # portal.proxy believes the proxies of the settings
            timeout_graceful_shutdown=10,
            timeout_keep_alive=75,      # longer than proxies and programs keep theirs (60 s), so that none is closed under a request
        )


def settle_memory() -> None:
    """Load what the first requests would all load at once; what is there by then stays, and is no longer walked by full collections, which
    would stop every request for a fifth of a second each time."""
    from records.places import default_gazetteer

    default_gazetteer()
    gc.collect()
    gc.freeze()


def check_port(host: str, port: int) -> None:
    """Raise SogocError if nobody can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((host, port))
        except OSError as e:
            raise SogocError(
                f"Không mở được cổng {host}:{port}: {e.strerror}. Chọn cổng khác: sogoc serve --port …",
                f"Cannot listen on {host}:{port}: {e.strerror}. Choose another: sogoc serve --port …",
            ) from e
