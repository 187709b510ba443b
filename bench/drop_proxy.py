"""A line as communes have it: a TCP proxy that limits bytes a second, cuts connections and can be away; it reads what passes."""
from __future__ import annotations

import re
import socket
import threading
import time
from collections import Counter
from contextlib import suppress

_CHUNK = re.compile(rb"PUT /\S*/chunks/([0-9a-f]{64}) HTTP")
_LENGTH = re.compile(rb"content-length: (\d+)", re.I)


class DropProxy:
    """bytes_per_second: towards the server, over all connections; drop_every: bytes after which all connections are cut; away: refuses.

    repeated: bytes of chunks sent although the server had acknowledged them; dropped: cuts so far; upward: all bytes to the server.
    """

    def __init__(self, server: tuple[str, int], port: int = 0) -> None:
        self.bytes_per_second: float | None = None
        self.drop_every: int | None = None
        self.away = False
        self.repeated = self.dropped = self.upward = 0
        self.chunks: Counter[str] = Counter()
        self._server, self._since, self._free_at = server, 0, 0.0
        self._acknowledged: set[str] = set()
        self._lock, self._open = threading.Lock(), set[socket.socket]()
        self._listener = socket.create_server(("127.0.0.1", port))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        self._cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.away:
                client.close()
                continue
            try:
                server = socket.create_connection(self._server)
            except OSError:
                client.close()
                continue
            with self._lock:
                self._open |= {client, server}
            asked: list[tuple[str, int]] = []
            threading.Thread(target=self._up, args=(client, server, asked), daemon=True).start()
            threading.Thread(target=self._down, args=(server, client, asked), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket, asked: list[tuple[str, int]]) -> None:
        held = b""
        try:
            while data := client.recv(4096):
                if self.away:
                    break
                self._wait(len(data))
                held = (held + data)[-8192:]
                for found in _CHUNK.finditer(held):
                    end = held.find(b"\r\n\r\n", found.start())
                    length = _LENGTH.search(held, found.start(), end) if end > 0 else None
                    if length:
                        asked.append((found[1].decode(), int(length[1])))
                        self._count(*asked[-1])
                        held = held[end + 4:]
                        break
                server.sendall(data)
                if self.drop_every and self._since >= self.drop_every:
                    self._since, self.dropped = 0, self.dropped + 1
                    self._cut()
        except OSError:
            pass
        finally:
            self._end(client, server)

    def _down(self, server: socket.socket, client: socket.socket, asked: list[tuple[str, int]]) -> None:
        try:
            while data := server.recv(65536):
                if self.away:
                    break
                client.sendall(data)
                if data.startswith(b"HTTP/1.1 200") and asked:        # one request at a time on a connection
                    with self._lock:
                        self._acknowledged.add(asked.pop(0)[0])
        except OSError:
            pass
        finally:
            self._end(client, server)

    def _count(self, sha256: str, size: int) -> None:
        with self._lock:
            self.chunks[sha256] += 1
            if sha256 in self._acknowledged:
                self.repeated += size

    def _wait(self, size: int) -> None:
        with self._lock:
            self._since, self.upward = self._since + size, self.upward + size
            if not self.bytes_per_second:
                return
            now = time.monotonic()
            self._free_at = max(self._free_at, now) + size / self.bytes_per_second
            pause = self._free_at - now
        time.sleep(pause)

    def _cut(self) -> None:
        with self._lock:
            cut, self._open = self._open, set()
        for s in cut:
            with suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    def _end(self, *ends: socket.socket) -> None:
        for s in ends:
            with suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            s.close()
            with self._lock:
                self._open.discard(s)
