"""The demo's portal: the real one, served from a thread of this process on a free port."""
from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pipelines.services import Services
from sogoc.errors import SogocError

_START_SECONDS = 30.0


class RunningPortal:
    """A context manager; `url` is where it answers. Takes the settings' port, or a free one if that is taken."""

    def __init__(self, services: Services, log: Path, start_reading: Callable[[str], None]) -> None:
        import uvicorn

        from portal.app import create_app

        host = services.portal.host
        self._socket = listen(host, services.portal.port)
        port = self._socket.getsockname()[1]
        self.url = f"http://{host}:{port}"
        options = replace(services.portal, port=port, public_url=self.url)
        logging.getLogger("uvicorn.error").addHandler(logging.FileHandler(log, encoding="utf-8"))
        app = create_app(services, options, start_reading=start_reading)
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, server_header=False))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, name="portal", daemon=True)

    def __enter__(self) -> RunningPortal:
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise SogocError("Cổng web không khởi động được.", "The portal does not start.")
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=15)
        self._socket.close()

    def wait(self) -> None:
        """Serve until Ctrl-C."""
        try:
            while self._thread.is_alive():
                self._thread.join(timeout=0.5)
        except KeyboardInterrupt:
            return


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on the port, or on a free one."""
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        s.bind((host, port))
    except OSError:
        s.bind((host, 0))
    s.listen(128)
    return s
