"""What differs between the revision of a PDF that was signed and the file as it is now: which pages, and what kind of thing."""
from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from typing import Any

from storage.signature_facts import Change

_PAGE = ("/Contents", "/Resources", "/MediaBox", "/CropBox", "/Rotate", "/UserUnit")
_UPWARD = {"/Parent", "/P", "/Popup", "/StructParent", "/StructParents"}
_ROOT = {"metadata": ("/Metadata",), "attachment": ("/Names", "/AF"),
         "structure": ("/OpenAction", "/AA", "/OCProperties", "/OutputIntents")}


def changes(now: bytes, signed: int) -> tuple[Change, ...]:
    """Differences a reader of the document could meet, pages first. now: the file; signed: how many of its bytes the signature covers,
    from the start (they are a whole PDF: the document as the signer saw it)."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    return tuple(_found(PdfFileReader(io.BytesIO(now[:signed])).root, PdfFileReader(io.BytesIO(now)).root))


def _found(then: Any, now: Any) -> Iterator[Change]:
    before, after = list(_pages(then["/Pages"])), list(_pages(now["/Pages"]))
    for n, (old, new) in enumerate(zip(before, after, strict=False), start=1):
        if _digest([_inherited(old, k) for k in _PAGE]) != _digest([_inherited(new, k) for k in _PAGE]):
            yield Change("page_content", n)
        if _digest(_marks(old)) != _digest(_marks(new)):
            yield Change("page_marks", n)
    yield from (Change("page_removed", n) for n in range(len(after) + 1, len(before) + 1))
    yield from (Change("page_added", n) for n in range(len(before) + 1, len(after) + 1))
    for kind, keys in _ROOT.items():
        if _digest([_at(then, k) for k in keys]) != _digest([_at(now, k) for k in keys]):
            yield Change(kind)
    if _digest(_fields(then)) != _digest(_fields(now)):
        yield Change("form")


def _pages(node: Any, depth: int = 0) -> Iterator[Any]:
    for kid in (_at(node, "/Kids") or ()) if depth < 40 else ():
        kid = kid.get_object()
        if "/Kids" in kid:
            yield from _pages(kid, depth + 1)
        else:
            yield kid


def _inherited(page: Any, key: str) -> Any:
    for _ in range(40):
        if key in page:
            return page[key]
        if "/Parent" not in page:
            return None
        page = page["/Parent"]
    return None


def _marks(page: Any) -> list[Any]:
    """The page's annotations but for the places of signatures and time stamps, which come and go rightly."""
    found = [a.get_object() for a in _at(page, "/Annots") or ()]
    return [a for a in found if _kind_of_field(a) != "/Sig"]


def _fields(root: Any) -> list[Any]:
    form = _at(root, "/AcroForm")
    found = [f.get_object() for f in _at(form, "/Fields") or ()] if form is not None else []
    return [f for f in found if _kind_of_field(f) != "/Sig"]


def _kind_of_field(node: Any) -> Any:
    for _ in range(20):
        if "/FT" in node:
            return node["/FT"]
        if "/Parent" not in node:
            return None
        node = node["/Parent"]
    return None


def _at(node: Any, key: str) -> Any:
    """The object under a key, or None. (pyhanko's own `get` gives the reference.)"""
    return node[key] if key in node else None       # noqa: SIM401


def _digest(value: Any) -> bytes:
    h = hashlib.sha256()
    _feed(h, value, set())
    return h.digest()


def _feed(h: Any, value: Any, seen: set[tuple[int, int]]) -> None:
    """Everything reachable from a value but for the ways back up. An object met twice is fed once: a drawing may hold itself."""
    from pyhanko.pdf_utils import generic

    if isinstance(value, generic.IndirectObject):
        if (value.idnum, value.generation) in seen:
            return
        seen.add((value.idnum, value.generation))
        value = value.get_object()
    if isinstance(value, generic.StreamObject):
        h.update(b"S" + hashlib.sha256(value.encoded_data).digest())
    if isinstance(value, generic.DictionaryObject):
        for key in sorted(k for k in value if k not in _UPWARD and k != "/Length"):
            h.update(key.encode("utf-8", "surrogatepass"))
            _feed(h, value.raw_get(key), seen)
        h.update(b">>")
    elif isinstance(value, generic.ArrayObject):
        for n in range(len(value)):
            _feed(h, value.raw_get(n), seen)
        h.update(b"]")
    elif isinstance(value, list):
        for item in value:
            _feed(h, item, seen)
        h.update(b"]")
    else:
        h.update(b"null" if value is None or isinstance(value, generic.NullObject) else repr(value).encode("utf-8", "surrogatepass"))
