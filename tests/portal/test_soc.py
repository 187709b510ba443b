"""The log for the province's SOC: CEF that a parser takes apart to what was put in, syslog over real sockets, nothing lost."""
from __future__ import annotations

import datetime as dt
import re
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from pipelines.services import SocOptions
from portal.log_wording import ACTIONS
from portal.soc import forwarder
from portal.soc.cef import cef, extension, severity, syslog_severity
from portal.soc.forwarder import CURSOR, SocForwarder
from storage import events
from storage.models import Cursor, Event
from sync.errors import CollectorAway
from sync.syslog import counted, message

AT = dt.datetime(2026, 11, 30, 3, 4, 5, 678900, tzinfo=dt.UTC)


def parsed(line: str) -> tuple[list[str], dict[str, str]]:
    """A CEF line taken apart by its rules, written from the specification and not from the code under test."""
    parts, now, n = [], "", 0
    while len(parts) < 7:
        if line[n] == "\\":
            now, n = now + line[n + 1], n + 2
        elif line[n] == "|":
            parts, now, n = [*parts, now], "", n + 1
        else:
            now, n = now + line[n], n + 1
    found = {}
    for m in re.finditer(r"(?:^| )(\w+)=((?:\\.|[^\\=])*?)(?=(?: \w+=)|$)", line[n:], re.DOTALL):
        found[m[1]] = re.sub(r"\\(.)", lambda e: "\n" if e[1] == "n" else e[1], m[2], flags=re.DOTALL)
    return parts, found


texts = st.text(alphabet=st.sampled_from("ab|=\\\n\r ế#%[]\"'7"), max_size=20)


@given(texts, texts, texts, st.lists(texts, max_size=3), st.integers(0, 10**6))
def test_what_a_parser_takes_out_is_what_was_put_in(actor, subject, page, fields, count):
    event = Event(seq=7, at=AT, actor=actor, action="record.view", subject=subject, prev_hash="0" * 64, hash="ab" * 32, detail={
        "page": page, "fields": fields, "count": count, "decision": "allowed"})
    line = cef(event)
    assert "\n" not in line and "\r" not in line
    head, found = parsed(line)
    assert head[:3] == ["CEF:0", "SoGoc", "sogoc"] and head[4:] == ["record.view", "Entry viewed", "3"]
    wanted = {k: re.sub(r"\r\n|\r", "\n", v) for k, v in extension(event).items()}
    # a value's blanks at its ends are lost on parsers that strip, so they are compared stripped
    assert {k: v.strip(" ") for k, v in found.items()} == {k: v.strip(" ") for k, v in wanted.items()}
    assert found["externalId"] == "7" and found["cn1"] == str(count) and found["rt"] == "1796007845678"


@given(st.sampled_from(sorted(ACTIONS)), st.sampled_from(["sogoc", "tp.lan", "client:x"]), st.sampled_from(["allowed", "refused", None]))
def test_every_action_has_a_severity_of_both_scales(action, actor, decision):
    event = Event(seq=1, at=AT, actor=actor, action=action, subject="x", detail={"decision": decision}, hash="")
    assert 0 <= severity(event) <= 10 and 3 <= syslog_severity(event) <= 6
    assert (parsed(cef(event))[1]["outcome"] == "failure") == (decision == "refused")


def test_a_persons_number_and_free_words_do_not_leave():
    event = Event(seq=1, at=AT, actor="client:x", action="log.person", subject="log", hash="", detail={
        "purpose": "tra cứu cho Nguyễn Văn A", "dossier": "051317000001", "basis": "Nguyễn Văn A", "agency": "H21 051317000001",
        "found": ["entry:12"], "address": "không phải địa chỉ", "officer": "cb.hoa"})
    line = cef(event)
    assert "Nguyễn" not in line and "051317" not in line and "src=" not in line
    known = Event(seq=1, at=AT, actor="tp.lan", action="record.view", subject="entry:1", hash="", detail={"purpose": "review",
                                                                                                         "address": "10.0.0.7"})
    assert parsed(cef(known))[1]["cs2"] == "review" and parsed(cef(known))[1]["src"] == "10.0.0.7"


def test_a_message_is_as_rfc_5424_has_it():
    said = message("CEF:0|ế", severity=5, at=AT, host="máy chủ", app="sogoc", name="record.view", number=2**31)
    match = re.fullmatch(rb"<(\d+)>1 (\S+) (\S+) (\S+) (\S+) (\S+) (\[meta sequenceId=\"(\d+)\"\]) (.*)", said)
    assert match[1] == b"109" and match[2] == b"2026-11-30T03:04:05.678900Z" and match[3] == b"mych" and match[8] == b"1"
    assert match[9].decode() == "CEF:0|ế" and counted(said) == str(len(said)).encode() + b" " + said


class Receiver:
    """A collector: takes connections, takes frames apart by their counted octets. rude: connections it resets unread."""

    def __init__(self, context: ssl.SSLContext | None = None, rude: int = 0, goodbye: bool = True) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.got: list[int] = []
        self.connections, self._context, self._rude, self._goodbye = 0, context, rude, goodbye
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self.server.accept()
            except OSError:
                return
            self.connections += 1
            if self.connections <= self._rude:
                plain.recv(100)
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                plain.close()
                continue
            data = b""
            try:
                s = self._context.wrap_socket(plain, server_side=True) if self._context else plain
                while piece := s.recv(65536):
                    data += piece
                if self._context and self._goodbye:
                    s.unwrap()
                s.close()
            except OSError:
                plain.close()
                continue
            self.got += list(seqs(data))


def seqs(data: bytes) -> Iterator[int]:
    while data:
        length, _, rest = data.partition(b" ")
        one, data = rest[:int(length)], rest[int(length):]
        assert len(one) == int(length)
        yield int(re.search(rb"externalId=(\d+)", one)[1])


@contextmanager
def receiving(**more) -> Iterator[Receiver]:
    receiver = Receiver(**more)
    try:
        yield receiver
    finally:
        receiver.server.shutdown(socket.SHUT_RDWR)      # else its thread goes on taking connections
        receiver.server.close()


def write(database, count: int) -> None:
    with database.session() as s:
        for n in range(count):
            events.append(s, "tp.lan", "record.view", f"entry:{n}", {"fields": ["nksHoTen"]})


def sender(database, port: int, protocol: str = "tcp", **more) -> SocForwarder:
    options = {"seconds": 0.1, "from_beginning": True, **more}
    return SocForwarder(SimpleNamespace(database=database), SocOptions("127.0.0.1", port, protocol, **options))


def until(true, seconds: float = 10.0) -> None:
    waited = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if true():
            return
        waited.wait(0.05)
    raise AssertionError("did not come")


def test_everything_arrives_once_and_in_order(database, monkeypatch):
    monkeypatch.setattr(forwarder, "TOGETHER", 7)
    write(database, 20)
    with receiving() as receiver:
        assert sender(database, receiver.port).run_once() == 20
        until(lambda: len(receiver.got) == 20)
        write(database, 3)
        assert sender(database, receiver.port).run_once() == 3          # another program goes on
        until(lambda: len(receiver.got) == 23)
        assert receiver.got == list(range(1, 24))
    with database.reading() as s:
        assert s.get(Cursor, CURSOR).value == {"seq": 23}


def test_from_now_on_unless_told_otherwise(sqlite_database):
    write(sqlite_database, 5)
    with receiving() as receiver:
        one = sender(sqlite_database, receiver.port, from_beginning=False)
        assert one.run_once() == 0
        write(sqlite_database, 2)
        assert one.run_once() == 2
        until(lambda: receiver.got == [6, 7])


def test_a_collector_that_is_away_or_resets_loses_nothing(sqlite_database, monkeypatch):
    monkeypatch.setattr(forwarder, "TOGETHER", 5)
    write(sqlite_database, 12)
    with receiving() as gone:
        pass
    one = sender(sqlite_database, gone.port)
    with pytest.raises(CollectorAway):
        one.run_once()
    with receiving(rude=1) as receiver:
        one = sender(sqlite_database, receiver.port)
        with pytest.raises(CollectorAway):
            one.run_once()
        with sqlite_database.reading() as s:
            assert s.get(Cursor, CURSOR).value == {"seq": 0}
        assert one.run_once() == 12
        until(lambda: len(receiver.got) == 12)
        assert receiver.got == list(range(1, 13))


def test_killed_between_sending_and_noting_doubles_that_delivery_alone(sqlite_database, monkeypatch):
    monkeypatch.setattr(forwarder, "TOGETHER", 5)
    write(sqlite_database, 12)
    with receiving() as receiver:
        one, moves = sender(sqlite_database, receiver.port), []

        def dies(session, seq):
            moves.append(seq)
            if len(moves) == 2:
                raise KeyboardInterrupt
            SocForwarder._move(one, session, seq)

        monkeypatch.setattr(one, "_move", dies)
        with pytest.raises(KeyboardInterrupt):
            one.run_once()
        another = sender(sqlite_database, receiver.port)
        assert another.run_once() == 0                                  # until the dead one's turn is over
        monkeypatch.setattr(forwarder, "utc_now", lambda: dt.datetime.now(dt.UTC) + dt.timedelta(minutes=10))
        assert another.run_once() == 7
        until(lambda: len(receiver.got) == 17)
        assert receiver.got == [*range(1, 11), *range(6, 13)]


def test_the_thread_sends_what_is_written_and_ends(sqlite_database):
    with receiving() as receiver:
        one = sender(sqlite_database, receiver.port)
        one.start()
        write(sqlite_database, 4)
        until(lambda: receiver.got == [1, 2, 3, 4])
        one.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of 127.0.0.1 that signs itself; (PEM of it, server's context)."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "collector")])
    now = dt.datetime.now(dt.UTC)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
            .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False)
            .add_extension(x509.BasicConstraints(True, 0), True).sign(key, hashes.SHA256()))
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                       serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return folder / "cert.pem", context


@pytest.mark.parametrize("goodbye", [True, False])
def test_over_tls_to_a_collector_whose_authority_is_known(sqlite_database, certificate, goodbye):
    pem, context = certificate
    write(sqlite_database, 30)
    with receiving(context=context, goodbye=goodbye) as receiver:
        with pytest.raises(CollectorAway):
            sender(sqlite_database, receiver.port, "tls").run_once()            # nobody answers for its certificate
        assert sender(sqlite_database, receiver.port, "tls", ca_file=pem).run_once() == 30
        until(lambda: receiver.got == list(range(1, 31)))


def test_over_udp_one_datagram_a_line(sqlite_database):
    write(sqlite_database, 3)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        s.settimeout(5)
        assert sender(sqlite_database, s.getsockname()[1], "udp").run_once() == 3
        got = [s.recv(65536) for _ in range(3)]
    assert [re.search(rb"externalId=(\d+)", g)[1] for g in got] == [b"1", b"2", b"3"] and all(g.startswith(b"<110>1 ") for g in got)
