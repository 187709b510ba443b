"""What this place has sent where: one file an upload, its receipt beside it, and the keys of the hubs it has met."""
from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sync.disk import locked, write_durably
from sync.errors import BadReceipt
from sync.manifest import Manifest
from sync.receipt import check_against, check_receipt, fingerprint


@dataclass(frozen=True)
class Entry:
    """One push. done, of: bytes the hub has, and all."""

    upload: str
    name: str
    folder: str
    url: str
    receipt_path: str
    done: int = 0
    of: int = 0
    finished: bool = False

    @property
    def percent(self) -> int:
        return 100 * self.done // self.of if self.of else 0


class Journal:
    """Lives in `folder`. Progress is written at most once a percent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, manifest: Manifest, folder: Path, url: str) -> Entry:
        name = hashlib.sha256(f"{url} {manifest.id}".encode()).hexdigest()[:16]
        entry = Entry(manifest.id, manifest.name, str(folder.absolute()), url, str(self.folder / f"{name}.receipt.json"), of=manifest.size)
        if not Path(entry.receipt_path).exists():
            self._write(entry)
        return entry

    def progress(self, entry: Entry, done: int, of: int) -> None:
        now = replace(entry, done=done, of=of)
        path = self._path(entry)
        if path.exists() and Entry(**json.loads(path.read_text("utf-8"))).percent != now.percent:
            self._write(now)

    def finish(self, entry: Entry, receipt: Mapping[str, Any], public_key: str, manifest: Manifest) -> Mapping[str, Any]:
        """Check the receipt against the hub's key as it was first met, and keep it. Raises BadReceipt."""
        key = self._known_key(entry.url, public_key)
        check_against(check_receipt(receipt, key), manifest)
        write_durably(Path(entry.receipt_path), json.dumps(receipt, ensure_ascii=False, indent=1).encode())
        self._write(replace(entry, done=entry.of, finished=True))
        return receipt

    def entries(self) -> list[Entry]:
        """By folder name."""
        found = [Entry(**json.loads(p.read_text("utf-8"))) for p in self.folder.glob("*.push.json")]
        return sorted(found, key=lambda e: (e.name, e.url))

    def _known_key(self, url: str, offered: str) -> str:
        path = self.folder / "hubs.json"
        with locked(self.folder / "hubs.lock"):
            known = json.loads(path.read_text("utf-8")) if path.exists() else {}
            if url not in known:
                write_durably(path, json.dumps(known | {url: offered}, indent=1).encode())
                return offered
        if known[url] != offered:
            change = f"{fingerprint(known[url])} → {fingerprint(offered)}"
            raise BadReceipt(why=f"khóa của {url} đã đổi / its key has changed ({change}); {path}")
        return str(known[url])

    def _path(self, entry: Entry) -> Path:
        return Path(entry.receipt_path.replace(".receipt.json", ".push.json"))

    def _write(self, entry: Entry) -> None:
        write_durably(self._path(entry), json.dumps(asdict(entry), ensure_ascii=False).encode())
