"""An HTTP server that answers JSON or XML and goes wrong on demand: errors, lines cut before or after the work was done, lost tokens."""
from __future__ import annotations

import json
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FAULTS = ("500", "503", "html", "cut-before", "cut-after", "expire", "slow")
_MOST_BODY = 64 * 1024 * 1024


@dataclass(frozen=True)
class Reply:
    """What is answered. body: text, or what becomes JSON."""

    body: Any
    status: int = 200
    media_type: str = "application/json; charset=utf-8"


@dataclass
class Simulated(ABC):
    """A simulated system. Sub-classes answer; `faults` are used up one a request, of those that do work (not of token requests)."""

    faults: deque[str] = field(default_factory=deque)
    slow_seconds: float = 5.0
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @abstractmethod
    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Reply:
        """What the system says to one POST. headers: names in small letters."""

    def works(self, path: str) -> bool:
        """Whether a fault may strike here."""
        return True

    @abstractmethod
    def expire(self) -> None:
        """Forget every token, where there are any."""

    def figures(self) -> dict[str, Any]:
        """How much there is, for people and tests; nobody's data."""
        return {}


class Server:
    """The simulated system on a port of this machine; `with Server(system) as s: s.url`."""

    def __init__(self, system: Simulated, port: int = 0, host: str = "127.0.0.1") -> None:
        self.system = system
        self._http = ThreadingHTTPServer((host, port), _handler(system))
        self._http.daemon_threads = True
        self.url = f"http://{host}:{self._http.server_address[1]}"

    def serve(self) -> None:
        """Until stopped."""
        self._http.serve_forever(poll_interval=0.1)

    def __enter__(self) -> Server:
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()


def _handler(system: Simulated) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._say(Reply({"faults": list(system.faults), **system.figures()}) if self.path == "/_simulate" else Reply({}, 404))

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(min(length, _MOST_BODY))
            if self.path == "/_simulate":
                return self._order(body)
            with system.lock:
                fault = system.faults.popleft() if system.faults and system.works(self.path) else ""
            if fault in ("500", "503"):
                return self._say(Reply({"error": "simulated"}, int(fault)))
            if fault == "html":
                return self._say(Reply("<html>502 Bad Gateway</html>", 200, "text/html"))
            if fault == "cut-before":
                return self._cut()
            if fault == "expire":
                system.expire()
            if fault == "slow":
                time.sleep(system.slow_seconds)
            with system.lock:
                reply = system.answer(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            if fault == "cut-after":
                return self._cut()
            return self._say(reply)

        def _order(self, body: bytes) -> None:
            try:
                wanted = [str(f) for f in json.loads(body)["faults"]]
            except (ValueError, KeyError, TypeError):
                return self._say(Reply({"error": 'send {"faults": ["cut-after"]}'}, 422))
            if not set(wanted) <= set(FAULTS):
                return self._say(Reply({"error": f"of {', '.join(FAULTS)}"}, 422))
            with system.lock:
                system.faults.extend(wanted)
            return self._say(Reply({"faults": list(system.faults)}))

        def _say(self, reply: Reply) -> None:
            data = (reply.body if isinstance(reply.body, str) else json.dumps(reply.body, ensure_ascii=False)).encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.media_type)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _cut(self) -> None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: a request may name a person."""

    return Handler
