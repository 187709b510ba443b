from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storage.embedded_store import EmbeddedStore, is_supervisor
from storage.errors import ObjectMissing
from storage.objects import ObjectStore

USER = """
import sys, time
from storage.embedded_store import EmbeddedStore
from storage.objects import ObjectStore
config = EmbeddedStore(sys.argv[1]).ensure()
if len(sys.argv) > 2:
    ObjectStore(config).put("archive", sys.argv[2], b"kept", "text/plain")
print(config.endpoint, flush=True)
time.sleep(60)
"""


def user(home: Path, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", USER, str(home), *args], stdout=subprocess.PIPE, text=True)


def stray(home: Path) -> list[int]:
    """Living processes that name the home's folder in their command line."""
    found = []
    for p in Path("/proc").glob("[0-9]*"):
        try:
            ended = (p / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            if str(home / "objects").encode() in (p / "cmdline").read_bytes() and not ended:
                found.append(int(p.name))
        except OSError:
            pass
    return found


def wait_until(condition, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_killed_users_leave_no_process_and_lose_nothing(tmp_path):
    """Two programs share a store; both are killed by SIGKILL; every process ends; the next one finds the object at the same endpoint."""
    one = user(tmp_path, "k/1")
    endpoint = one.stdout.readline().strip()
    two = user(tmp_path)
    assert two.stdout.readline().strip() == endpoint
    one.kill()
    one.wait()
    time.sleep(1.0)
    store = EmbeddedStore(tmp_path)
    assert store.running() is not None                          # the first one's end does not take it from the second
    two.kill()
    two.wait()
    assert wait_until(lambda: not stray(tmp_path)), stray(tmp_path)
    assert store.running() is None
    try:
        config = store.ensure()
        assert config.endpoint == endpoint
        assert ObjectStore(config).get("archive", "k/1") == b"kept"
    finally:
        store.stop()
    assert wait_until(lambda: not stray(tmp_path))


def test_a_killed_weed_comes_back_and_a_killed_supervisor_is_replaced(tmp_path):
    store = EmbeddedStore(tmp_path)
    try:
        ObjectStore(store.ensure()).put("work", "k", b"kept", "text/plain")
        supervisor = store.running().supervisor
        for pid in stray(tmp_path):
            if pid != supervisor:
                os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: len(stray(tmp_path)) >= 3, 15)
        assert ObjectStore(store.ensure()).get("work", "k") == b"kept"
        os.kill(store.running().supervisor, signal.SIGKILL)
        assert wait_until(lambda: not stray(tmp_path)), "weed outlived its supervisor"
        assert ObjectStore(store.ensure()).get("work", "k") == b"kept"
    finally:
        store.stop()


def test_nothing_stays_in_tmp_and_the_log_does_not_grow_for_ever(tmp_path):
    store = EmbeddedStore(tmp_path)
    store.initialise()
    store.log.write_bytes(b"x" * (6 << 20))
    store.ensure()
    ports = store.running().ports.values()
    store.stop()
    assert store.log.stat().st_size < 1 << 20 and store.log.with_suffix(".log.1").stat().st_size == 6 << 20
    assert [p for p in Path("/tmp").glob("seaweedfs-*.sock") if any(p.name.endswith(f"-{n}.sock") for n in ports)] == []


def test_secrets_are_private_and_not_in_logs_or_command_lines(embedded_store):
    config = embedded_store.ensure()
    for name in ("credentials.json", "s3.json", "security.toml"):
        assert (embedded_store.folder / name).stat().st_mode & 0o777 == 0o600
    assert config.secret_key not in repr(config)
    assert config.secret_key.encode() not in embedded_store.log.read_bytes()
    for pid in stray(embedded_store.home):
        assert config.secret_key.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_everything_listens_on_loopback_only(embedded_store):
    ports = set(embedded_store.running().ports.values())
    seen = {}
    for line in [*Path("/proc/net/tcp").read_text().splitlines()[1:], *Path("/proc/net/tcp6").read_text().splitlines()[1:]]:
        address, port = line.split()[1].rsplit(":", 1)
        if line.split()[3] == "0A" and int(port, 16) in ports:
            seen[int(port, 16)] = address
    assert set(seen) == ports and set(seen.values()) == {"0100007F"}


def test_inner_ports_want_a_token(embedded_store, object_store):
    import urllib.error
    import urllib.request

    object_store.put("archive", "k", b"x", "text/plain")
    ports = embedded_store.running().ports
    with pytest.raises(urllib.error.HTTPError) as e:
        urllib.request.urlopen(f"http://127.0.0.1:{ports['filer']}/buckets/{object_store.config.archive_bucket}/k", timeout=5)
    assert e.value.code == 401


def test_the_probe_tells_what_the_store_does(embedded_store):
    facts = embedded_store.probe()
    assert all(facts[k] for k in ("answers", "archive_versioning", "archive_lock", "lock_refuses_delete", "if_none_match", "range_get",
                                  "wrong_key_refused"))
    assert facts["free_bytes"] > 0 and "version" in facts["version"]


def test_a_stale_state_file_is_no_store(tmp_path):
    store = EmbeddedStore(tmp_path)
    store.initialise()
    ports = dict.fromkeys(("master", "master_grpc", "volume", "volume_grpc", "filer", "filer_grpc", "s3", "s3_grpc"), 1)
    (store.folder / "state.json").write_text(json.dumps({"ports": ports, "supervisor": os.getpid()}))
    assert store.running() is None and not is_supervisor(os.getpid(), store.folder)


def test_objects_by_range_stat_list_and_link(object_store):
    import urllib.request

    object_store.put("work", "a/b", b"0123456789", "text/plain")
    assert object_store.get_range("work", "a/b", 2, 3) == b"234"
    facts = object_store.stat("work", "a/b")
    assert (facts.size, facts.media_type) == (10, "text/plain")
    assert facts.sha256 == ("84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882")
    assert [o.key for o in object_store.list("work")] == ["a/b"]
    with urllib.request.urlopen(object_store.presigned_get("work", "a/b"), timeout=5) as answer:
        assert answer.read() == b"0123456789"
    with pytest.raises(ObjectMissing):
        object_store.get("work", "nothing")
    assert object_store.exists("work", "nothing") is None


def test_a_large_object_comes_back_whole(object_store):
    import hashlib

    data = os.urandom(1 << 20) * 20
    object_store.put("archive", "big", data, "application/octet-stream")
    assert object_store.sha256("archive", "big") == (hashlib.sha256(data).hexdigest(), len(data))


def test_an_unreachable_store_says_so(object_store):
    from dataclasses import replace

    from storage.errors import ObjectStoreUnavailable

    away = ObjectStore(replace(object_store.config, endpoint="127.0.0.1:1"), timeout=1.0)
    with pytest.raises(ObjectStoreUnavailable) as e:
        away.get("work", "x")
    assert object_store.config.secret_key not in str(e.value)
