"""Volume files of a real SeaweedFS, read behind its back."""
from __future__ import annotations

import os
import struct
import time
import urllib.request
from pathlib import Path

import crc32c
import pytest

from storage.weed_reader import Key, Place
from storage.weed_volumes import Damaged, WeedVolumes

HEAD = 20


@pytest.fixture
def volumes(object_store):
    volumes = WeedVolumes(object_store.config.doors.volumes)
    yield volumes
    volumes.close()


def place_of(store, kind: str, name: str) -> Place | None:
    reader = store.straight()
    try:
        return reader.places([Key(store.bucket(kind), name, versioned=kind == "archive")]).result()[0]
    finally:
        reader.close()


def read(volumes: WeedVolumes, place: Place) -> bytes | None:
    got = bytearray()
    return bytes(got) if all(volumes.read(place.bucket, c.file_id, c.size, got.extend) for c in place.chunks) else None


def file_and_place(store, data: bytes) -> tuple[Path, int]:
    for path in store.config.doors.volumes.glob(f"{store.bucket('work')}_*.dat"):
        if (at := path.read_bytes().find(data)) >= 0:
            return path, at
    raise AssertionError("not on the disk")


@pytest.mark.parametrize("size", [1, 100, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5_000_000])
def test_what_was_put_is_read(object_store, volumes, size):
    data = os.urandom(size)
    object_store.put("work", "one", data, "image/jpeg")
    assert read(volumes, place_of(object_store, "work", "one")) == data


def test_text_that_the_server_packed_is_unpacked(object_store, volumes):
    data = "tờ số 12, quyển số 01/2017; ".encode() * 5000
    object_store.put("work", "text", data, "text/plain")
    with pytest.raises(AssertionError, match="not on the disk"):
        file_and_place(object_store, data)
    assert read(volumes, place_of(object_store, "work", "text")) == data


@pytest.mark.parametrize("at", [*range(-HEAD, 1), 1500, *range(2999, 3022)])
def test_every_flipped_byte_of_a_needle_is_noticed(object_store, volumes, at):
    """Before the data: cookie, id, two lengths; behind it: what it has, name, type, date; the sum. Of flipped data or a flipped sum it is
    certain that the server has nothing to give."""
    data = os.urandom(3000)
    object_store.put("work", "one", data, "image/jpeg")
    place = place_of(object_store, "work", "one")
    path, start = file_and_place(object_store, data)
    whole = path.read_bytes()
    length = int.from_bytes(whole[start - 8:start - 4], "big")
    assert read(volumes, place) == data and length - 4 == 3018      # the sum stands behind it
    with open(path, "r+b") as f:
        f.seek(start + at)
        f.write(bytes([whole[start + at] ^ 0x80]))
    try:
        if at in range(3003, 3018):                                 # type and date: nothing hangs on them
            assert read(volumes, place) == data
        elif at >= 3018 or 0 <= at < 3000:
            with pytest.raises(Damaged):
                read(volumes, place)
        else:
            assert read(volumes, place) is None
    finally:
        with open(path, "r+b") as f:
            f.seek(start + at)
            f.write(whole[start + at:start + at + 1])


def test_what_was_deleted_is_not_read(object_store, volumes):
    object_store.put("work", "one", b"x" * 500, "image/jpeg")
    object_store.put("work", "other", b"y" * 500, "image/jpeg")
    gone, left = place_of(object_store, "work", "one"), place_of(object_store, "work", "other")
    assert read(volumes, gone) == b"x" * 500
    object_store.remove("work", "one")
    deadline = time.monotonic() + 30
    while read(volumes, gone) is not None and time.monotonic() < deadline:          # the filer lets go of chunks a little later
        time.sleep(0.1)
        volumes.look_again()
    assert read(volumes, gone) is None and read(volumes, left) == b"y" * 500


def test_a_volume_that_was_written_anew_is_opened_anew(object_store, embedded_store, volumes):
    """When much was deleted, SeaweedFS copies what is left into a new file, and what comes later stands only there."""
    for n in range(6):
        object_store.put("work", f"o/{n}", os.urandom(200_000), "image/jpeg")
    first = place_of(object_store, "work", "o/5")
    path, before = file_and_place(object_store, read(volumes, first) or b"-")[0], read(volumes, first)
    inode = path.stat().st_ino
    for n in range(5):
        object_store.remove("work", f"o/{n}")
    master = embedded_store.running().ports["master"]
    deadline = time.monotonic() + 60
    while path.stat().st_ino == inode:
        assert time.monotonic() < deadline, "the server did not clean up"
        urllib.request.urlopen(f"http://127.0.0.1:{master}/vol/vacuum?garbageThreshold=0.01", timeout=60).read()
        time.sleep(0.2)
    volumes.look_again()
    assert read(volumes, first) == before
    written = 0
    for n in range(20):                                                             # one volume of the bucket's takes each
        data = os.urandom(100_000)
        object_store.put("work", f"late/{n}", data, "image/jpeg")
        volumes.look_again()
        assert read(volumes, place_of(object_store, "work", f"late/{n}")) == data
        written += file_and_place(object_store, data)[0] == path
    assert written


def test_few_volumes_are_held_open(object_store):
    """A province has thousands, a process may open some hundred files: its readers share what may be open."""
    volumes = WeedVolumes(object_store.config.doors.volumes, readers=64)
    places = {}
    for n in range(6):
        data = os.urandom(500)
        object_store.put("archive" if n % 2 else "work", f"o/{n}", data, "image/jpeg")
        places[data] = place_of(object_store, "archive" if n % 2 else "work", f"o/{n}")
    assert len({(p.bucket, c.file_id.partition(",")[0]) for p in places.values() for c in p.chunks}) > 1
    before = len(os.listdir("/proc/self/fd"))
    for data, place in [*places.items(), *places.items()]:
        assert read(volumes, place) == data
        volumes.look_again()
    assert len(os.listdir("/proc/self/fd")) - before == 2
    volumes.close()


@pytest.mark.parametrize("file_id", ["", "7", "7,", "x,0123456789", "7,zz23456789", "999999,0123456789"])
def test_an_id_that_leads_nowhere_reads_nothing(volumes, file_id):
    assert not volumes.read("b", file_id, 10, lambda _: None)


FORMAT = '{"version": 3, "bytesOffset": 5}'


def volume_with_one(folder: Path, data: bytes, said: str) -> None:
    """Volume 1 of bucket b with needle 1, cookie 0x23456789, as SeaweedFS lays it out: a head that says nothing more, data, tail, sum."""
    length = 4 + len(data) + 1
    needle = struct.pack(">IQiI", 0x23456789, 1, length, len(data)) + data + b"\0" + struct.pack(">I", crc32c.crc32c(data))
    (folder / "b_1.vif").write_text(said)
    (folder / "b_1.dat").write_bytes(b"\3" + bytes(7) + needle)
    (folder / "b_1.idx").write_bytes(struct.pack(">QIBi", 1, 1, 0, length))


@pytest.mark.parametrize("said", [FORMAT.replace("3", "2"), FORMAT.replace("5", "4"), "{}", "no JSON", "null", "[]", "3"])
def test_a_volume_of_another_format_is_left_alone(tmp_path, said):
    volume_with_one(tmp_path, b"archived", FORMAT)
    assert WeedVolumes(tmp_path).read("b", "1,0123456789", 8, lambda _: None)
    volume_with_one(tmp_path, b"archived", said)
    assert not WeedVolumes(tmp_path).read("b", "1,0123456789", 8, lambda _: None)


def test_a_volume_that_cannot_be_opened_leaves_no_file_open(tmp_path):
    volume_with_one(tmp_path, b"archived", FORMAT)
    (tmp_path / "b_1.idx").unlink()
    before = len(os.listdir("/proc/self/fd"))
    assert not any(WeedVolumes(tmp_path).read("b", "1,0123456789", 8, lambda _: None) for _ in range(5))
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("which", ["b_1.idx", "b_1.dat"])
def test_files_that_others_have_taken_the_place_of_are_let_go(tmp_path, which):
    volume_with_one(tmp_path, b"archived", FORMAT)
    volumes = WeedVolumes(tmp_path)
    assert volumes.read("b", "1,0123456789", 8, lambda _: None)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    volume_with_one(fresh, b"archived", FORMAT)
    if which == "b_1.idx":
        (fresh / which).write_bytes(b"")
    os.replace(fresh / which, tmp_path / which)
    volumes.look_again()
    assert volumes.read("b", "1,0123456789", 8, lambda _: None) is (which == "b_1.dat")
    volumes.close()
