"""Syslog to a collector: messages of RFC 5424 over UDP (RFC 5426), TCP (RFC 6587, octet counting) or TLS (RFC 5425).

Syslog has no answer that says a message was read. Over TCP and TLS each delivery is a connection of its own that we end, and the
collector's ending it in turn is taken as its word that it read to the end: what was not so acknowledged is to be sent again.
"""
from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from sync.errors import CollectorAway

AUDIT = 13                  # facility "log audit"
_SEQUENCE = 2**31 - 1       # RFC 5424 §7.3.1: sequenceId is 1 … 2^31-1
_PAUSE = 0.001              # seconds after a datagram: a burst overflows the other side's buffer, and nobody is told
_NOT_PRINTABLE = re.compile(r"[^!-~]")


def message(text: str, *, severity: int, at: datetime, host: str, app: str, name: str, number: int) -> bytes:
    """One RFC 5424 message without framing. severity: 0 emergency … 7 debug; name: MSGID; number: running, told as sequenceId.

    text is UTF-8 without a byte-order mark (MSG-ANY), because CEF begins with its first byte; line breaks in it are the caller's matter.
    """
    when = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    head = f"<{AUDIT * 8 + severity}>1 {when} {_word(host, 255)} {_word(app, 48)} - {_word(name, 32)} "
    return (head + f'[meta sequenceId="{(number - 1) % _SEQUENCE + 1}"] ' + text).encode()


def _word(text: str, most: int) -> str:
    return _NOT_PRINTABLE.sub("", text)[:most] or "-"


def counted(data: bytes) -> bytes:
    """Octet counting (RFC 6587 §3.4.1, RFC 5425 §4.3): `MSG-LEN SP MSG`."""
    return b"%d %s" % (len(data), data)


@dataclass(frozen=True)
class Collector:
    """Where messages go. ca_file: whom the collector's certificate is from, None: the system's authorities; certificate_file: PEM of our
    own certificate and key. seconds: limit of a delivery."""

    host: str
    port: int
    protocol: Literal["tls", "tcp", "udp"] = "tls"
    ca_file: Path | None = None
    certificate_file: Path | None = None
    seconds: float = 30.0

    def deliver(self, messages: Sequence[bytes]) -> None:
        """Send them in order and wait until they are acknowledged (UDP: nothing is). Raises CollectorAway; then none may count as sent."""
        try:
            if self.protocol == "udp":
                self._datagrams(messages)
            else:
                self._stream(b"".join(counted(m) for m in messages))
        except (OSError, ssl.SSLError) as e:
            raise CollectorAway(where=f"{self.protocol}://{self.host}:{self.port}", cause=type(e).__name__) from e

    def _datagrams(self, messages: Sequence[bytes]) -> None:
        family, kind, proto, _, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, proto) as s:
            s.connect(address)              # so that a refusal of the machine there is told to us
            for m in messages:
                s.send(m)
                time.sleep(_PAUSE)

    def _stream(self, data: bytes) -> None:
        end = time.monotonic() + self.seconds
        with self._connection() as s:
            s.sendall(data)
            plain = _said_goodbye(s) if isinstance(s, ssl.SSLSocket) else s
            if plain is None:
                return
            plain.shutdown(socket.SHUT_WR)
            while plain.recv(4096):         # what it says is of no interest; only its end
                if time.monotonic() > end:
                    raise TimeoutError

    @contextmanager
    def _connection(self) -> Iterator[socket.socket]:
        with socket.create_connection((self.host, self.port), timeout=self.seconds) as plain:
            if self.protocol == "tcp":
                yield plain
                return
            context = ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file else None)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.certificate_file:
                context.load_cert_chain(str(self.certificate_file))
            with context.wrap_socket(plain, server_hostname=self.host) as s:
                yield s


def _said_goodbye(s: ssl.SSLSocket) -> socket.socket | None:
    """End the TLS session; the plain socket below, or None when the collector ended the connection without a close_notify of its own,
    as some do that read to ours."""
    try:
        return s.unwrap()
    except ssl.SSLEOFError:
        return None
