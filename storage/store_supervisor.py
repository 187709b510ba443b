"""The process that runs `weed` for one home and ends it with the last user: `python -m storage.store_supervisor HOME/objects`.

Started by `EmbeddedStore.ensure`. Standard library only, so it starts at once. See storage/embedded_store.py for the agreement.
"""
from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType
from typing import IO

from storage.weed_arguments import PORT_NAMES, free_ports, master_arguments, server_arguments, weed_binary

_PR_SET_PDEATHSIG = 1
_POLL = 0.25


class _Stop(Exception):
    pass


def main(folder: Path) -> int:
    """Run until the last user is gone (0), told to stop (0), or weed cannot be kept alive (1)."""
    signal.signal(signal.SIGTERM, _on_stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)        # Ctrl-C is for the program in the foreground, which then ends and so do we
    only = open(folder / "supervisor.lock", "a")        # noqa: SIM115 - held for the life of the process
    if not _lock(only, seconds=10.0):
        return 0
    users = open(folder / "users.lock", "a")            # noqa: SIM115
    children: list[subprocess.Popen[bytes]] = []
    ports: dict[str, int] = {}
    failures = 0
    try:
        while failures < 5:
            ports = _ports(folder)
            children = _start(folder, ports)
            if children:
                _write_state(folder, ports)
                started = time.monotonic()
                if _watch(users, children):
                    return 0
                failures = 0 if time.monotonic() - started > 60 else failures + 1
            else:
                failures += 1
                (folder / "state.json").unlink(missing_ok=True)     # perhaps a port is taken: others next time
            _kill(children)
        return 1
    except _Stop:
        return 0
    finally:
        _kill(children)
        for port in ports.values():             # weed's Unix sockets, whose folder cannot be chosen
            for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                path.unlink(missing_ok=True)


def _watch(users: IO[str], children: list[subprocess.Popen[bytes]]) -> bool:
    """True: the last user is gone (the users' lock is then held by us until we end). False: weed ended by itself."""
    while True:
        time.sleep(_POLL)
        if any(c.poll() is not None for c in children):
            return False
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            pass


def _start(folder: Path, ports: dict[str, int]) -> list[subprocess.Popen[bytes]]:
    """weed's master, and when it leads, volume, filer and S3: started together the volume server may come before the election and
    then waits five seconds. Empty when it did not come up."""
    binary = weed_binary()
    children = [_spawn([binary, *master_arguments(folder, ports)], folder)]
    if _wait(children, lambda: _leads(ports["master"])):
        children.append(_spawn([binary, *server_arguments(folder, ports)], folder))
        if _wait(children, lambda: _has_volumes(ports["master"]) and _answers(ports["s3"])):
            return children
    _kill(children)
    return []


def _wait(children: list[subprocess.Popen[bytes]], ready, seconds: float = 15.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and all(c.poll() is None for c in children):
        if ready():
            return True
        time.sleep(0.03)
    return False


def _fetch(url: str) -> bytes | None:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.read()
    except urllib.error.HTTPError as e:
        return str(e.code).encode()
    except OSError:
        return None


def _leads(port: int) -> bool:
    try:
        return bool(json.loads(_fetch(f"http://127.0.0.1:{port}/cluster/status") or b"{}").get("IsLeader"))
    except ValueError:
        return False


def _has_volumes(port: int) -> bool:
    try:
        return bool(json.loads(_fetch(f"http://127.0.0.1:{port}/dir/status") or b"{}")["Topology"].get("DataCenters"))
    except (ValueError, KeyError, TypeError):
        return False


def _answers(port: int) -> bool:
    return _fetch(f"http://127.0.0.1:{port}/") is not None


def _spawn(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    libc, parent = ctypes.CDLL(None), os.getpid()

    def die_with_supervisor() -> None:          # this process has one thread, so the signal means the process, not a thread, has ended
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd=folder, preexec_fn=die_with_supervisor)


def _kill(children: list[subprocess.Popen[bytes]]) -> None:
    """SIGTERM, one second, SIGKILL: weed's own orderly stop takes fifteen seconds, and it must bear a power cut anyway."""
    for c in children:
        if c.poll() is None:
            c.terminate()
    deadline = time.monotonic() + 1.0
    for c in children:
        try:
            c.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            c.kill()
            c.wait()


def _ports(folder: Path) -> dict[str, int]:
    """The ports of last time if they are free, so that an endpoint noted anywhere stays true; else new ones."""
    import socket

    try:
        ports = {n: int(json.loads((folder / "state.json").read_text("utf-8"))["ports"][n]) for n in PORT_NAMES}
        for port in ports.values():
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("127.0.0.1", port))
        return ports
    except (OSError, ValueError, KeyError, TypeError):
        return dict(zip(PORT_NAMES, free_ports(len(PORT_NAMES)), strict=True))


def _write_state(folder: Path, ports: dict[str, int]) -> None:
    temporary = folder / "state.json.new"
    temporary.write_text(json.dumps({"ports": ports, "supervisor": os.getpid()}), "utf-8")
    os.replace(temporary, folder / "state.json")


def _lock(file: IO[str], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)


def _on_stop(_: int, __: FrameType | None) -> None:
    raise _Stop


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
