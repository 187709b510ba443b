"""The receiving side: limits, hashes, what it has already, damage on the disk, expiry, receipts; what is on the disk before an answer."""
from __future__ import annotations

import copy
import errno
import os
import threading

import pytest

from sync import disk
from sync.errors import (
    BadManifest,
    BadReceipt,
    DamagedChunk,
    DiskFull,
    FileTooBig,
    Incomplete,
    ManifestWrong,
    SourceChanged,
    SyncError,
    TooManyFiles,
    TooManyUploads,
    UnknownChunk,
    UnknownUpload,
    UploadTooBig,
)
from sync.manifest import Limits, parse_manifest, ranges
from sync.pace import Pace, Patience
from sync.receipt import ReceiptKey, check_against, check_receipt, fingerprint
from sync.receiver import Receiver
from sync.sender import source_of

KEY = ReceiptKey(b"k" * 32)
CHUNK = 1024


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "KS.2017.01"
    folder.mkdir()
    for n in range(3):
        (folder / f"{n}.jpg").write_bytes(os.urandom(2500 + n))
    return source_of("KS.2017.01", {p.name: p for p in sorted(folder.iterdir())}, {"loai": "KS"}, CHUNK)


@pytest.fixture
def server(tmp_path):
    return Receiver(tmp_path / "uploads", KEY)


def take(manifest, files):
    return {"batch": manifest.name, "sizes": [p.stat().st_size for p in files], "refused": []}


def send(server, source, owner="a", count=None):
    server.agree(owner, source.manifest)
    for piece in source.manifest.pieces[:count]:
        server.put(owner, source.manifest.id, piece.sha256, source.read(piece))


def test_a_folder_arrives_and_the_receipt_lists_it(server, source):
    assert server.agree("a", source.manifest).missing == ((0, 8),)
    send(server, source, count=4)
    assert server.standing("a", source.manifest.id).missing == ((4, 8),)
    with pytest.raises(Incomplete):
        server.finish("a", source.manifest.id, take)
    send(server, source)
    done = server.finish("a", source.manifest.id, take)
    receipt = check_receipt(done.receipt, KEY.public)
    assert receipt["outcome"]["sizes"] == [2500, 2501, 2502] and receipt["bytes"] == 7503
    check_against(receipt, source.manifest)
    assert server.finish("a", source.manifest.id, None).receipt == receipt == server.agree("a", source.manifest).receipt
    assert not list(server.root.glob("*/chunks/*")) and not list(server.root.glob("*/open/*"))


def test_another_owner_sees_nothing_of_it(server, source):
    send(server, source)
    with pytest.raises(UnknownUpload):
        server.standing("b", source.manifest.id)
    assert server.agree("b", source.manifest).missing == ((0, 8),)
    for bad in ("..", "x" * 64, "../" * 21 + "a", ""):
        for call in (server.standing, lambda o, u: server.put(o, u, "0" * 64, b""), lambda o, u: server.finish(o, u, take)):
            with pytest.raises(UnknownUpload):
                call("a", bad)


def test_a_chunk_must_be_what_it_says_and_in_the_manifest(server, source):
    server.agree("a", source.manifest)
    piece = source.manifest.pieces[0]
    with pytest.raises(DamagedChunk):
        server.put("a", source.manifest.id, piece.sha256, source.read(piece)[:-1])
    with pytest.raises(UnknownChunk):
        server.put("a", source.manifest.id, "0" * 64, b"x")
    assert server.put("a", source.manifest.id, piece.sha256, source.read(piece)) is True
    assert server.put("a", source.manifest.id, piece.sha256, source.read(piece)) is False


def test_what_two_uploads_share_is_sent_once(server, source, tmp_path):
    send(server, source, count=6)
    paths = {f.name: p for f, p in zip(source.manifest.files, source.paths, strict=True)}
    extra = tmp_path / "9.jpg"
    extra.write_bytes(b"new" * 100)
    grown = source_of("KS.2017.01", {**paths, "9.jpg": extra}, chunk_size=CHUNK)
    assert server.agree("a", grown.manifest).missing == ((6, 9),)
    server.cancel("a", source.manifest.id)                      # the older one is given up; what it shares stays
    assert server.standing("a", grown.manifest.id).missing == ((6, 9),)
    assert len(server.unfinished("a")) == 1


def test_a_chunk_spoilt_on_the_disk_is_asked_for_again(server, source):
    send(server, source)
    path = next(server.root.glob(f"*/chunks/{source.manifest.pieces[4].sha256}"))
    path.write_bytes(b"\0" * path.stat().st_size)
    with pytest.raises(Incomplete):
        server.finish("a", source.manifest.id, take)
    assert server.standing("a", source.manifest.id).missing == ((4, 4),)
    send(server, source)
    assert server.finish("a", source.manifest.id, take).state == "finished"


def test_a_manifest_that_lies_about_a_file_is_found_out(server, source):
    data = source.manifest.as_json()
    data["files"][1]["sha256"] = "0" * 64
    lying = parse_manifest(data)
    server.agree("a", lying)
    for piece in lying.pieces:
        server.put("a", lying.id, piece.sha256, source.read(piece))
    with pytest.raises(ManifestWrong):
        server.finish("a", lying.id, take)


@pytest.mark.parametrize("where, value", [
    ("format", "x"), ("name", ""), ("name", 3), ("name", "\ud800"), ("about", []), ("about", {"x": "y" * 5000}), ("chunk_size", 10),
    ("chunk_size", True), ("chunk_size", 1 << 30), ("files", []), ("files", [{}]), ("files", "x"), ("files", None)])
def test_manifests_that_are_refused(source, where, value):
    data = source.manifest.as_json() | {where: value}
    with pytest.raises(BadManifest):
        parse_manifest(data)


@pytest.mark.parametrize("change", [
    lambda f: f.update(name=""), lambda f: f.update(size=-1), lambda f: f.update(size=1.5), lambda f: f.update(chunks=f["chunks"][:-1]),
    lambda f: f.update(sha256="../x"), lambda f: f.update(sha256=f["sha256"].upper() + "\n"), lambda f: f.update(name="1.jpg"),
    lambda f: f.update(chunks=[f["chunks"][0]] * 3)])
def test_files_in_a_manifest_that_are_refused(source, change):
    data = copy.deepcopy(source.manifest.as_json())
    change(data["files"][0])
    with pytest.raises(BadManifest):
        parse_manifest(data)


def test_limits(source, tmp_path):
    data = source.manifest.as_json()
    for limits, error in ((Limits(files=2), TooManyFiles), (Limits(file_bytes=2501), FileTooBig),
                          (Limits(upload_bytes=7502), UploadTooBig)):
        with pytest.raises(error):
            parse_manifest(data, limits)
    assert parse_manifest(data, Limits(files=3, file_bytes=2502, upload_bytes=7503)) == source.manifest
    few = Receiver(tmp_path / "few", KEY, Limits(open_uploads=1))
    few.agree("a", source.manifest)
    other = source_of("KT", dict(zip("xyz", source.paths, strict=True)), chunk_size=CHUNK).manifest
    with pytest.raises(TooManyUploads):
        few.agree("a", other)
    few.agree("b", other)
    small = Receiver(tmp_path / "small", KEY, Limits(open_bytes=8000, upload_bytes=8000))
    small.agree("a", source.manifest)
    with pytest.raises(UploadTooBig):
        small.agree("a", other)


def test_an_upload_nobody_comes_back_for_is_dropped(tmp_path, source):
    import time
    now = [time.time()]
    server = Receiver(tmp_path / "u", KEY, Limits(keep_seconds=1000), clock=lambda: now[0])
    send(server, source, count=5)
    now[0] += 900
    assert server.agree("a", source.manifest).missing == ((5, 8),)
    now[0] += 1100
    assert server.agree("a", source.manifest).missing == ((0, 8),)


def test_two_finishes_at_once_take_in_once(server, source):
    send(server, source)
    entered, go, answers = threading.Event(), threading.Event(), []

    def slow(manifest, files):
        entered.set()
        assert go.wait(20)
        return take(manifest, files)

    first = threading.Thread(target=lambda: answers.append(server.finish("a", source.manifest.id, slow)))
    first.start()
    assert entered.wait(20)
    assert server.finish("a", source.manifest.id, take).state == "finishing"
    go.set()
    first.join(20)
    assert answers[0].state == "finished" == server.finish("a", source.manifest.id, None).state


def test_a_full_disk_is_said_and_leaves_nothing_behind(server, source, monkeypatch):
    server.agree("a", source.manifest)
    piece = source.manifest.pieces[0]

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as m:
        m.setattr(disk.os, "fsync", full)
        with pytest.raises(DiskFull):
            server.put("a", source.manifest.id, piece.sha256, source.read(piece))
    assert not list(server.root.glob("*/chunks/*"))
    assert server.put("a", source.manifest.id, piece.sha256, source.read(piece))


def test_a_chunk_and_its_name_are_on_the_disk_before_the_answer(server, source, monkeypatch):
    server.agree("a", source.manifest)
    done, real_sync, real_replace = [], os.fsync, os.replace
    monkeypatch.setattr(disk.os, "fsync", lambda fd: (done.append(os.readlink(f"/proc/self/fd/{fd}")), real_sync(fd)))
    monkeypatch.setattr(disk.os, "replace", lambda a, b: (done.append("rename"), real_replace(a, b)))
    piece = source.manifest.pieces[0]
    server.put("a", source.manifest.id, piece.sha256, source.read(piece))
    at = done.index("rename")
    assert piece.sha256 in done[at - 1] and done[at + 1].endswith("/chunks")


def test_receipts_that_were_changed_or_signed_by_another(server, source):
    send(server, source)
    receipt = server.finish("a", source.manifest.id, take).receipt
    for change in (lambda r: r.update(name="KT"), lambda r: r["files"].pop(), lambda r: r["signature"].update(value="AAAA"),
                   lambda r: r["signature"].update(value="!"), lambda r: r.pop("signature"), lambda r: r.update(format="2")):
        bad = copy.deepcopy(receipt)
        change(bad)
        with pytest.raises(BadReceipt):
            check_receipt(bad, KEY.public)
    forged = ReceiptKey(b"x" * 32).receipt("a", source.manifest, {}, 0)
    for bad in (forged, None, [], "x"):
        with pytest.raises(BadReceipt):
            check_receipt(bad, KEY.public)
    assert fingerprint(KEY.public) != fingerprint(ReceiptKey(b"x" * 32).public)
    source.paths[0].write_bytes(b"another page")
    now = source_of("KS.2017.01", dict(zip([f.name for f in source.manifest.files], source.paths, strict=True)), chunk_size=CHUNK)
    with pytest.raises(BadReceipt, match=r"0\.jpg"):
        check_against(receipt, now.manifest)
    with pytest.raises(SourceChanged):
        source.read(source.manifest.pieces[0])


def test_runs_of_missing_chunks():
    assert ranges([]) == () and ranges([0]) == ((0, 0),) and ranges([1, 2, 3, 7, 9, 10]) == ((1, 3), (7, 7), (9, 10))


def test_pace_and_patience():
    now, slept = [0.0], []

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    pace = Pace(64_000, clock=lambda: now[0], sleep=sleep)
    assert b"".join(pace.slices(b"x" * 640_000)) == b"x" * 640_000
    assert now[0] == pytest.approx(10, rel=0.05)
    patience = Patience(give_up=100, longest=8, sleep=slept.append, seed=1)
    slept.clear()
    while patience.wait():
        pass
    assert all(0.5 * 2**n <= s <= 2**n for n, s in enumerate(slept[:4])) and max(slept) <= 8 and 100 <= sum(slept) < 110


def test_every_error_speaks_both_languages():
    kinds = SyncError.__subclasses__()
    assert len({k.code for k in kinds}) == len(kinds) > 10
    for kind in kinds:
        assert kind().message("vi") != kind().message("en") and len(kind().message("vi")) > 15
