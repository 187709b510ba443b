"""The virus scanner: the real clamscan and clamd with a tiny signature file, a clamd that misbehaves, what intake makes of them."""
from __future__ import annotations

import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage.antivirus import Antivirus, Clamd, Clamscan, Probe, Verdict
from storage.file_checks import book_checks
from storage.intake import add_folder
from storage.models import Event, FileCheck, Page
from storage.set_aside import explain
from tests.storage.page_files import jpeg

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
needs_clamscan = pytest.mark.skipif(shutil.which("clamscan") is None, reason="no clamscan on this machine")
needs_clamd = pytest.mark.skipif(shutil.which("clamd") is None, reason="no clamd on this machine")


@pytest.fixture(scope="module")
def signatures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signature database of one line: the EICAR test file anywhere in any file."""
    file = tmp_path_factory.mktemp("signatures") / "one.ndb"
    file.write_text(f"Sogoc.Test.EICAR:0:*:{EICAR.hex()}\n")
    return file


@pytest.fixture(scope="module")
def clamd(signatures: Path, server_folder: Path) -> Iterator[str]:
    """The socket of a real clamd with these signatures and a stream limit of a megabyte."""
    folder = server_folder / "clamd"
    folder.mkdir()
    address, conf = folder / "s", folder / "clamd.conf"
    conf.write_text(f"LocalSocket {address}\nDatabaseDirectory {signatures.parent}\nForeground yes\nStreamMaxLength 1M\nPCREMatchLimit 0\n"
                    f"TemporaryDirectory {folder}\nUser root\n")
    server = subprocess.Popen(["clamd", "-c", str(conf)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        if Clamd(str(address), 5).probe().why == "" or server.poll() is not None:
            break
        time.sleep(0.05)
    yield str(address)
    server.terminate()
    server.wait(20)


@needs_clamscan
def test_clamscan(signatures: Path, tmp_path: Path) -> None:
    scanner = Clamscan(database=signatures)
    assert scanner.probe().engine.startswith("ClamAV ") and scanner.probe().why == ""
    for data, verdict in ((jpeg(1), "clean"), (EICAR, "infected"), (jpeg(1) + EICAR, "infected"), (b"", "clean")):
        said = scanner.scan(data)
        assert said.verdict == verdict and said.engine.startswith("ClamAV ") and said.signatures == "one.ndb"
    assert scanner.scan(EICAR).name.startswith("Sogoc.Test.EICAR")
    assert Clamscan(database=tmp_path / "none").scan(jpeg(1)).verdict == "not_scanned"
    assert Clamscan("no-such-program").scan(jpeg(1)) == Verdict("not_scanned", "missing_program")
    assert Clamscan(database=signatures, seconds=0.001).scan(jpeg(1)).name == "timeout"
    assert Clamscan(database=signatures, most_bytes=1000).scan(jpeg(1) * 20).verdict == "not_scanned"


@needs_clamd
def test_clamd(clamd: str) -> None:
    scanner = Clamd(clamd, 20)
    assert scanner.probe().engine.startswith("ClamAV ")
    assert scanner.scan(jpeg(1)).verdict == "clean"
    found = scanner.scan(jpeg(1) + EICAR)
    assert found.verdict == "infected" and found.name.startswith("Sogoc.Test.EICAR") and found.engine.startswith("ClamAV ")
    assert scanner.scan(b"x" * 5_000_000).name == "too_big"


def serve(folder: Path, answer: Callable[[socket.socket, bytes], None]) -> str:
    """A clamd whose way of answering a command is the test's; the address of its socket."""
    address = str(folder / "clamd.ctl")
    server = socket.socket(socket.AF_UNIX)
    server.bind(address)
    server.listen(8)

    def one(line: socket.socket) -> None:
        with line:
            command = b""
            while not command.endswith(b"\0"):
                command += line.recv(1)
            answer(line, command)

    def loop() -> None:
        while True:
            line, _ = server.accept()
            threading.Thread(target=one, args=(line,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
    return address


def taken(line: socket.socket) -> bytes:
    """The stream of an INSTREAM command."""
    file, data = line.makefile("rb"), b""
    while size := struct.unpack(">I", file.read(4))[0]:
        data += file.read(size)
    return data


@pytest.fixture
def short(server_folder: Path, request: pytest.FixtureRequest) -> Path:
    folder = server_folder / f"av{abs(hash(request.node.name)) % 10**8}"
    folder.mkdir()
    return folder


def version(line: socket.socket, command: bytes) -> bool:
    if command == b"zVERSION\0":
        line.sendall(b"ClamAV 1.4.6/27500/Sun Nov 29 10:00:00 2026\0")
    return command == b"zVERSION\0"


@pytest.mark.parametrize(("said", "verdict"), [
    (b"stream: OK\0", ("clean", "")), (b"stream: Eicar-Test FOUND\0", ("infected", "Eicar-Test")),
    (b"INSTREAM size limit exceeded. ERROR\0", ("not_scanned", "too_big")),
    (b"stream: Can't allocate ERROR\0", ("not_scanned", "scanner_error")),
    (b"", ("not_scanned", "no_answer")), (b"\0", ("not_scanned", "no_answer")), (b"stream: OK ERROR\0", ("not_scanned", "scanner_error")),
    (b"\xff\xfe" * 5000, ("not_scanned", "scanner_error"))])
def test_every_answer_is_a_verdict_and_only_ok_is_clean(short: Path, said: bytes, verdict: tuple[str, str]) -> None:
    streams = []

    def answer(line: socket.socket, command: bytes) -> None:
        if not version(line, command):
            streams.append(taken(line))
            line.sendall(said)

    found = Clamd(serve(short, answer), 5).scan(b"page" * 600_000)
    assert (found.verdict, found.name) == verdict
    assert (found.engine, found.signatures) == ("ClamAV 1.4.6", "27500, Sun Nov 29 10:00:00 2026")
    assert streams == [b"page" * 600_000]


def test_a_scanner_that_is_silent_or_gone_or_hangs_up(short: Path) -> None:
    def silent(line: socket.socket, command: bytes) -> None:
        if not version(line, command):
            time.sleep(3)

    assert Clamd(serve(short, silent), 0.3).scan(b"page").name == "timeout"
    assert Clamd(str(short / "nothing"), 1).scan(b"page") == Verdict("not_scanned", "no_answer")
    assert Clamd("127.0.0.1:1", 1).scan(b"page").name == "no_answer"
    (short / "clamd.ctl").unlink()

    def hangs_up(line: socket.socket, command: bytes) -> None:
        if not version(line, command):
            line.recv(10)

    assert Clamd(serve(short, hangs_up), 2).scan(b"x" * 5_000_000).name == "no_answer"
    assert Clamd(str(short / "nothing")).probe() == Probe(why="no_answer")


class Says:
    """A scanner that knows one mark, for what the intake does with its word."""

    def __init__(self, otherwise: str = "clean") -> None:
        self.otherwise = otherwise

    def scan(self, data: bytes) -> Verdict:
        if EICAR in data:
            return Verdict("infected", "Eicar-Test", "ClamAV 1.4.6", "27500")
        return Verdict("clean", "", "ClamAV 1.4.6", "27500") if self.otherwise == "clean" else Verdict("not_scanned", self.otherwise)

    def probe(self) -> Probe:
        return Probe("ClamAV 1.4.6", "27500")


def folder_of(path: Path, files: dict[str, bytes]) -> Path:
    path.mkdir()
    for name, data in files.items():
        (path / name).write_bytes(data)
    return path


def test_an_infected_file_is_kept_set_aside_and_never_opened(database, ledger, tmp_path: Path, monkeypatch) -> None:
    opened = []
    from storage import intake
    real = intake.check_frames
    monkeypatch.setattr(intake, "check_frames", lambda data, limits: opened.append(data) or real(data, limits))
    bad = jpeg(2) + EICAR
    folder = folder_of(tmp_path / "KS.2017.01", {"a.jpg": jpeg(1), "b.jpg": bad})
    result = add_folder(database, ledger, folder, antivirus=Antivirus(Says(), required=True))
    assert [(a.file, a.reason) for a in result.set_aside] == [("b.jpg", "infected")] and result.added == 1
    assert opened == [jpeg(1)]
    assert "Eicar-Test" in explain("infected", result.set_aside[0].detail, "vi")
    with database.reading() as s:
        page = s.scalars(sa.select(Page).where(Page.file == "b.jpg")).one()
        assert ledger.get(page.original_key) == bad and page.media_type is None      # the evidence is there; nothing can show it
        assert {c.verdict for c in s.scalars(sa.select(FileCheck))} == {"clean", "infected"}
        event = s.scalars(sa.select(Event).where(Event.action == "file.infected")).one()
        assert event.detail["virus"] == "Eicar-Test" and event.detail["sha256"] == page.sha256
        checks = book_checks(s, result.batch_id)
    assert (checks.clean, checks.engine, checks.not_scanned) == (1, "ClamAV 1.4.6, 27500", 0)
    assert [(n.file, n.scan) for n in checks.notes] == [("b.jpg", ("Có vi-rút: Eicar-Test", "Virus found: Eicar-Test"))]


def test_a_scanner_that_is_down_is_never_silently_clean(database, ledger, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "KS.2017.01", {"a.jpg": jpeg(1)})
    must = add_folder(database, ledger, folder, antivirus=Antivirus(Says("no_answer"), required=True))
    assert [a.reason for a in must.set_aside] == ["virus_scan_missing"] and must.added == 0
    assert "không trả lời" in explain("virus_scan_missing", must.set_aside[0].detail, "vi")
    assert "does not answer" in explain("virus_scan_missing", must.set_aside[0].detail, "en")
    again = add_folder(database, ledger, folder, antivirus=Antivirus(Says(), required=True))     # the scanner is back
    assert again.batch_id == must.batch_id and again.set_aside == () and again.added == 1
    other = folder_of(tmp_path / "KS.2018.01", {"a.jpg": jpeg(3)})
    may = add_folder(database, ledger, other, antivirus=Antivirus(Says("timeout")))
    off = add_folder(database, ledger, folder_of(tmp_path / "KS.2019.01", {"a.jpg": jpeg(4)}))
    none = add_folder(database, ledger, folder_of(tmp_path / "KS.2020.01", {"a.jpg": jpeg(5)}), antivirus=Antivirus(None, required=True))
    assert (may.set_aside, off.set_aside, [a.reason for a in none.set_aside]) == ((), (), ["virus_scan_missing"])
    with database.reading() as s:
        assert [book_checks(s, b.batch_id).not_scanned for b in (again, may, off)] == [0, 1, 1]
        assert book_checks(s, may.batch_id).whys == (("quét vi-rút quá lâu", "the scan took too long"),)


@needs_clamscan
def test_the_doctor_tells_how_the_scanner_is(signatures: Path, tmp_path: Path) -> None:
    from sogoc.doctor import _antivirus
    from sogoc.settings import AntivirusSettings, Settings

    def finding(**options: object):
        return _antivirus(Settings(home=tmp_path, antivirus=AntivirusSettings(**options)))

    assert finding().good and not finding(required=True).good
    good = finding(engine="clamscan", signatures=str(signatures), required=True)
    assert good.good and "EICAR" in good.text[0]
    (tmp_path / "other.ndb").write_text("Other:0:*:" + b"something else".hex() + "\n")
    assert not finding(engine="clamscan", signatures=str(tmp_path / "other.ndb")).good       # it scans, and does not know EICAR
    down = finding(engine="clamd", address=str(tmp_path / "none"))
    assert not down.good and "không trả lời" in down.text[0] and "clamav-daemon" in down.remedy[0]
