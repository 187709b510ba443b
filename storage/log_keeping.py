"""Keeping the log as the settings say: seal, prune, and a line that says so. For the nightly job and the command."""
from __future__ import annotations

from storage import events
from storage.archive_package import RetentionOptions
from storage.log_seal import Kept, keep_log
from storage.models import Cursor
from storage.outbox import ObjectLedger
from storage.signing import Signer

FORWARDED = "soc"           # cursor of what a collector of logs acknowledged (portal.soc.forwarder)


def keep(ledger: ObjectLedger, signer: Signer, options: RetentionOptions, months: int, actor: str, *, prune: bool = True,
         forwarded: bool = False) -> Kept:
    """`keep_log`, logged if it did anything. forwarded: the log goes to a collector, and what that has not acknowledged stays here."""
    told = None
    if forwarded:
        with ledger.database.reading() as session:
            row = session.get(Cursor, FORWARDED)
            told = int(row.value["seq"]) if row is not None else 0
    done = keep_log(ledger, signer, options, months, prune=prune, told=told)
    if done.segments or done.pruned:
        with ledger.database.session() as session:
            events.append(session, actor, "log.seal", "log", {"segments": done.segments, "pruned": done.pruned})
    return done
