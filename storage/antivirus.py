"""The virus scanner behind one adapter: clamd over its socket, or the program clamscan. What was not scanned is never called clean.

A scanner never raises for a file: whatever goes wrong is the verdict `not_scanned` with a code. Policy (must a scan be?) is `Antivirus`.
"""
from __future__ import annotations

import re
import socket
import struct
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

CLEAN: Literal["clean"] = "clean"
INFECTED: Literal["infected"] = "infected"
NOT_SCANNED: Literal["not_scanned"] = "not_scanned"
Why = Literal["off", "no_answer", "timeout", "too_big", "scanner_error", "no_signatures", "missing_program"]
NOT_SCANNED_WHY: Mapping[str, tuple[str, str]] = {      # Vietnamese, English
    "off": ("chưa bật quét vi-rút", "virus scanning is off"), "no_answer": ("máy quét vi-rút không trả lời", "the scanner does not answer"),
    "timeout": ("quét vi-rút quá lâu", "the scan took too long"), "too_big": ("tệp quá lớn để quét vi-rút", "too big for the scanner"),
    "scanner_error": ("máy quét vi-rút báo lỗi", "the scanner failed"),
    "no_signatures": ("chưa có dữ liệu nhận dạng vi-rút", "no signatures yet"),
    "missing_program": ("chưa cài clamscan", "clamscan is not installed"),
}
_CHUNK = 1 << 20
_LONGEST_ANSWER = 4096
_FOUND = re.compile(r": (?P<name>.+) FOUND$", re.M)


@dataclass(frozen=True)
class Verdict:
    """verdict: clean | infected | not_scanned. name: of what was found, or the code why there was no scan (Why). engine: program and
    version; signatures: number and day of the signature database, as the scanner says it."""

    verdict: Literal["clean", "infected", "not_scanned"]
    name: str = ""
    engine: str = ""
    signatures: str = ""


@dataclass(frozen=True)
class Probe:
    """What a scanner says of itself. why is empty when it answers and has signatures."""

    engine: str = ""
    signatures: str = ""
    why: str = ""


class Scanner(Protocol):
    def scan(self, data: bytes) -> Verdict: ...

    def probe(self) -> Probe: ...


@dataclass(frozen=True)
class Antivirus:
    """The scanner of an installation, if it has one. required: pages are not taken in unless a scanner called their file clean."""

    scanner: Scanner | None = None
    required: bool = False

    def scan(self, data: bytes) -> Verdict:
        return self.scanner.scan(data) if self.scanner is not None else Verdict(NOT_SCANNED, "off")

    def refusal(self, verdict: Verdict) -> tuple[str, dict[str, str]] | None:
        """(reason, evidence) with which a file of this verdict is set aside and not opened; None where it may be opened."""
        if verdict.verdict == INFECTED:
            return "infected", {"name": verdict.name}
        if self.required and verdict.verdict != CLEAN:
            vi, en = NOT_SCANNED_WHY.get(verdict.name, (verdict.name, verdict.name))
            return "virus_scan_missing", {"why": verdict.name, "why_vi": vi, "why_en": en}
        return None

    def refusal_of(self, data: bytes) -> tuple[str, dict[str, str]] | None:
        """`refusal` of these bytes, which are scanned unless there is no scanner and none is required."""
        return self.refusal(self.scan(data)) if self.scanner is not None or self.required else None


@dataclass(frozen=True)
class Clamd:
    """A running clamd. address: path of its Unix socket, or host:port. seconds: for one file, from the first byte to the answer.

    Protocol: clamd(8), commands with the prefix z; INSTREAM takes chunks with their length before them, big-endian, and a zero at the end.
    """

    address: str
    seconds: float = 120.0

    def scan(self, data: bytes) -> Verdict:
        facts = self.probe()
        try:
            with self._connected() as line:
                line.sendall(b"zINSTREAM\0")
                try:
                    for at in range(0, len(data), _CHUNK):
                        part = data[at:at + _CHUNK]
                        line.sendall(struct.pack(">I", len(part)) + part)
                    line.sendall(struct.pack(">I", 0))
                except (BrokenPipeError, ConnectionResetError):
                    pass                # it stops listening when the stream is too long for it; its answer says so
                said = _answer(line)
        except TimeoutError:
            return Verdict(NOT_SCANNED, "timeout", facts.engine, facts.signatures)
        except OSError:
            return Verdict(NOT_SCANNED, "no_answer", facts.engine, facts.signatures)
        if said == "stream: OK":
            return Verdict(CLEAN, "", facts.engine, facts.signatures)
        if found := _FOUND.search(said):
            return Verdict(INFECTED, found["name"][:200], facts.engine, facts.signatures)
        why = "no_answer" if not said else "too_big" if "size limit exceeded" in said else facts.why or "scanner_error"
        return Verdict(NOT_SCANNED, why, facts.engine, facts.signatures)

    def probe(self) -> Probe:
        try:
            with self._connected() as line:
                line.sendall(b"zVERSION\0")
                return _facts(_answer(line), has_signatures=True)       # without any it does not start
        except TimeoutError:
            return Probe(why="timeout")
        except OSError:
            return Probe(why="no_answer")

    def _connected(self) -> socket.socket:
        host, colon, port = self.address.rpartition(":")
        if colon and port.isdigit():
            return socket.create_connection((host.strip("[]"), int(port)), timeout=self.seconds)
        line = socket.socket(socket.AF_UNIX)
        try:
            line.settimeout(self.seconds)
            line.connect(self.address)
        except OSError:
            line.close()
            raise
        return line


@dataclass(frozen=True)
class Clamscan:
    """The program clamscan, started for each file: loading all of ClamAV's signatures takes it some 15 seconds each time.

    database: file or folder of signatures, None for its own (/var/lib/clamav).
    """

    program: str = "clamscan"
    database: Path | None = None
    seconds: float = 300.0
    most_bytes: int = 2_000_000_000

    def scan(self, data: bytes) -> Verdict:
        facts = self.probe()
        limits = [f"--max-filesize={self.most_bytes}", f"--max-scansize={self.most_bytes}", "--alert-exceeds-max=yes"]
        done = self._run(["--no-summary", "--stdout", *limits, "-"], data)
        if isinstance(done, str):
            return Verdict(NOT_SCANNED, done, facts.engine, facts.signatures)
        said = done.stdout.decode("utf-8", "replace")
        if done.returncode == 1 and (found := _FOUND.search(said)):
            too_big = found["name"].startswith("Heuristics.Limits.Exceeded")
            if too_big:
                return Verdict(NOT_SCANNED, "too_big", facts.engine, facts.signatures)
            return Verdict(INFECTED, found["name"][:200], facts.engine, facts.signatures)
        if done.returncode == 0 and re.search(r": (OK|Empty file)$", said, re.M):
            return Verdict(CLEAN, "", facts.engine, facts.signatures)
        lacks = b"database" in done.stderr + done.stdout
        return Verdict(NOT_SCANNED, "no_signatures" if lacks else "scanner_error", facts.engine, facts.signatures)

    def probe(self) -> Probe:
        done = self._run(["--version"], b"", seconds=30)
        return Probe(why=done) if isinstance(done, str) else _facts(done.stdout.decode("utf-8", "replace"), self.database)

    def _run(self, arguments: Sequence[str], data: bytes, seconds: float = 0) -> subprocess.CompletedProcess[bytes] | Why:
        database = [f"--database={self.database}"] if self.database is not None and "--version" not in arguments else []
        try:
            return subprocess.run([self.program, *database, *arguments], input=data, capture_output=True, timeout=seconds or self.seconds,
                                  check=False)
        except subprocess.TimeoutExpired:
            return "timeout"
        except OSError:
            return "missing_program"


def _answer(line: socket.socket) -> str:
    """What clamd says, up to its zero byte or to the end of the line's life."""
    said = b""
    while b"\0" not in said and len(said) < _LONGEST_ANSWER:
        part = line.recv(_LONGEST_ANSWER)
        if not part:
            break
        said += part
    return said.partition(b"\0")[0].decode("utf-8", "replace").strip()


def _facts(said: str, database: Path | None = None, has_signatures: bool = False) -> Probe:
    """Of `ClamAV 1.4.6/27500/Sun Nov 29 2026`: the engine before the first stroke, the signatures after it (none said: one's own)."""
    engine, _, signatures = said.strip().partition("/")
    if not engine.startswith("ClamAV"):
        return Probe(why="scanner_error" if engine else "no_answer")
    own = database.name if database is not None else ""
    known = signatures or own or has_signatures
    return Probe(engine[:120], (own or signatures.replace("/", ", "))[:120], "" if known else "no_signatures")
