"""Many entries linked by several processes that share one index file; the answers are those of one process."""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path

from matching.book_rule import one_entry_each
from matching.decision import LinkDecision
from matching.entry import Entry
from matching.index_file import open_index
from matching.linker import CHUNK, Linker
from matching.model import LinkModel

Decisions = dict[str, LinkDecision]
_AHEAD = 3              # chunks given to each process before the first is done

_linker: Linker         # of a worker process


def link_books(index: Path, books: Iterable[Sequence[Entry]], processes: int, model: LinkModel | None = None,
               progress: Callable[[int], None] | None = None) -> Iterator[list[Decisions]]:
    """The decisions of each book, as `Linker.link` gives them, in order. index: a file of `matching.index_file`, already checked.

    The entries are cut into chunks, whatever book they are of, and these given to the processes. Who is decided where changes nothing: an
    entry is decided by itself, and only the rule of one newborn in a book needs the whole book. progress: gets the entries done so far.
    """
    sizes: deque[int] = deque()
    entries = chain.from_iterable(_counted(books, sizes))
    with ProcessPoolExecutor(processes, get_context("spawn"), _open, (index, model)) as pool:
        running: deque[Future[list[Decisions]]] = deque()
        decided: list[Decisions] = []
        done = 0
        while True:
            while len(running) < processes * _AHEAD and (cut := list(islice(entries, CHUNK))):
                running.append(pool.submit(_link, cut))
            while sizes and len(decided) >= sizes[0]:
                size = sizes.popleft()
                yield one_entry_each(decided[:size])
                del decided[:size]
            if not running:
                return
            found = running.popleft().result()
            decided += found
            done += len(found)
            if progress:
                progress(done)


def _counted(books: Iterable[Sequence[Entry]], sizes: deque[int]) -> Iterator[Sequence[Entry]]:
    for book in books:
        sizes.append(len(book))
        yield book


def _open(index: Path, model: LinkModel | None) -> None:
    global _linker
    _linker = Linker(open_index(index, check=False), model)


def _link(entries: Sequence[Entry]) -> list[Decisions]:
    return _linker.link_apart(entries)
