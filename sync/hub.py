"""Sending a book to a hub and keeping the proof: agree, push, check the receipt, note it in the journal."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sync.http_transport import HttpTransport
from sync.journal import Entry, Journal
from sync.pace import Pace, Patience
from sync.sender import Source, push


@dataclass(frozen=True)
class Hub:
    """Where to, and as whom. kilobytes_per_second: None is as fast as the line goes."""

    url: str
    client: str
    secret: str
    kilobytes_per_second: int | None = None


def push_to(hub: Hub, journal: Journal, source: Source, folder: Path, patience: Patience,
            progress: Callable[[int, int], None] | None = None) -> tuple[Entry, Mapping[str, Any]]:
    """The journal's entry and the hub's receipt, checked. progress: bytes the hub has, bytes in all. Raises SyncError."""
    entry = journal.begin(source.manifest, folder, hub.url)
    pace = Pace(hub.kilobytes_per_second * 1000 if hub.kilobytes_per_second else None)
    with HttpTransport(hub.url, hub.client, hub.secret, pace=pace) as transport:
        def tell(done: int, of: int) -> None:
            journal.progress(entry, done, of)
            if progress is not None:
                progress(done, of)

        sent = push(source, transport, patience, tell)
        return entry, journal.finish(entry, sent.receipt, transport.key(), source.manifest)
