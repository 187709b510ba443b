"""The entries of a batch linked to the population: all of them when they were read anew, else those whose people the population changed."""
from __future__ import annotations

from collections.abc import Sequence

from matching.decision import LinkDecision
from matching.linker import Linker
from ocr.lattice import Lattice, unpack
from pipelines.pending import link_mark
from pipelines.progress import Progress
from pipelines.services import Services
from storage.link_checks import renew
from storage.links import save_links
from storage.models import Entry, Page
from storage.population import load_index
from storage.population_links import entries_to_recheck, rechecked, still_current
from storage.readings import batch_entries, current_snapshot, entry_record, mark_progress, progress_of, read_pages

LINKING = ("Đối chiếu dân cư", "Linking to people")


def link(services: Services, batch_id: str, progress: Progress) -> tuple[int, int]:
    """Link what waits for it to the current population snapshot; (accepted, to review) of the batch. Nothing to do without a population.

    Links made while another snapshot became current are not kept but made again. Entries that need no linking are not touched.
    """
    while not _link_once(services, batch_id, progress):
        pass
    renew(services.database)
    with services.database.reading() as session:
        found = [x for e in batch_entries(session, batch_id) for x in e.links]
    return sum(x.decision == "accept" for x in found), sum(x.decision == "review" for x in found)


def _link_once(services: Services, batch_id: str, progress: Progress) -> bool:
    """False if the population changed meanwhile."""
    with services.database.reading() as session:
        snapshot = current_snapshot(session)
        before = progress_of(session, batch_id)
        mark = link_mark(before, snapshot is not None)
        again = entries_to_recheck(session, batch_id)
        anew = before.get("linked") != mark
        if not anew and not again:
            return True
        entries = [e for e in batch_entries(session, batch_id) if anew or e.id in set(again)]
        records = [entry_record(e) for e in entries]
        pages = {p.id: p for p in read_pages(session, batch_id)}
    links: dict[int, dict[str, LinkDecision]] = {}
    if snapshot is not None and services.matching.link and entries:
        linker = Linker(load_index(services.database, services.matching.cache_dir))
        progress.stage(LINKING, len(entries))
        found = linker.link_book(records, _images(services, entries, pages))
        links = dict(zip([e.id for e in entries], found, strict=True))
        progress.advance(len(entries))
    with services.database.session() as session:
        if snapshot is not None and not still_current(session, snapshot.id, snapshot.version):
            return False
        if links:
            save_links(session, batch_id, links, snapshot.id if snapshot else None, mark)
        else:
            mark_progress(session, batch_id, linked=mark)
        rechecked(session, again)
    return True


def _images(services: Services, entries: Sequence[Entry], pages: dict[int, Page]) -> list[dict[str, Lattice]]:
    """The lattices of each entry by field code."""
    needed = sorted({e.page_id for e in entries})
    keys = {p: pages[p].lattice_key for p in needed if p in pages}
    lattices = {p: unpack(services.objects.get("work", key)) for p, key in keys.items() if key}
    return [{code: x for (row, code), x in lattices.get(e.page_id, {}).items() if row == e.row} for e in entries]
