"""What in a PDF acts instead of being looked at (scripts, actions, attachments, XFA, media), found and taken out.

A scanned page needs none of it. Only what lies in dictionaries is touched; page contents and pictures stay as they are.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import pikepdf

_DEPTH = 40                 # direct objects inside one another; deeper nests are hostile and are emptied whole
# code -> action types (ISO 32000-2, table 201). GoTo inside the file, Named (next page) and the like only move the view.
_ACTIONS: Mapping[str, str] = {
    "/JavaScript": "javascript", "/Launch": "launch", "/URI": "uri", "/SubmitForm": "sends_data", "/ImportData": "sends_data",
    "/GoToR": "other_file", "/GoToE": "other_file", "/Rendition": "media", "/Movie": "media", "/Sound": "media",
    "/RichMediaExecute": "media", "/GoTo3DView": "media",
}
_ANNOTATIONS: Mapping[str, str] = {
    "/RichMedia": "media", "/Movie": "media", "/Sound": "media", "/Screen": "media", "/3D": "media", "/FileAttachment": "embedded_file"}
_KEYS: Mapping[str, str] = {       # keys that are taken out of whatever dictionary has them
    "/AA": "on_event", "/JS": "javascript", "/XFA": "xfa", "/EF": "embedded_file", "/RichMediaContent": "media",
    "/RichMediaSettings": "media", "/AF": "embedded_file", "/Collection": "embedded_file"}
CODES = tuple(dict.fromkeys([*_ACTIONS.values(), *_ANNOTATIONS.values(), *_KEYS.values(), "on_opening", "nested"]))


def active_content(pdf: pikepdf.Pdf) -> dict[str, int]:
    """Code -> how many times; {} for a file that only shows pages. Nothing is changed."""
    return _walk(pdf, strip=False)


def strip_active_content(pdf: pikepdf.Pdf) -> dict[str, int]:
    """Take it all out of the opened file and say what it was, as `active_content`."""
    return _walk(pdf, strip=True)


def _walk(pdf: pikepdf.Pdf, strip: bool) -> dict[str, int]:
    found: Counter[str] = Counter()
    opening = pdf.Root.get("/OpenAction")
    if isinstance(opening, pikepdf.Dictionary) and opening.get("/S") in _ACTIONS:
        found["on_opening"] += 1
    if strip and "/OpenAction" in pdf.Root:
        del pdf.Root["/OpenAction"]
    names = pdf.Root.get("/Names")
    if isinstance(names, pikepdf.Dictionary):
        for key, code in (("/JavaScript", "javascript"), ("/EmbeddedFiles", "embedded_file")):
            if key in names:
                found[code] += 1
                if strip:
                    del names[key]
    for thing in pdf.objects:
        for item in _inside(thing, found, strip):
            _look(item, found, strip)
    return {code: n for code, n in sorted(found.items()) if n}


def _inside(thing: pikepdf.Object, found: Counter[str], strip: bool) -> Iterator[pikepdf.Object]:
    """The object and every dictionary and array that lies directly in it (an indirect one comes by itself)."""
    waiting = [(thing, 0)]
    while waiting:
        item, depth = waiting.pop()
        if not isinstance(item, pikepdf.Dictionary | pikepdf.Array | pikepdf.Stream):
            continue
        yield item
        inner = list(item) if isinstance(item, pikepdf.Array) else [item[k] for k in list(item.keys())]
        inner = [i for i in inner if isinstance(i, pikepdf.Dictionary | pikepdf.Array) and not i.is_indirect]
        if depth < _DEPTH:
            waiting += [(i, depth + 1) for i in inner]
        elif inner:
            found["nested"] += 1
            if strip:
                _empty(item)


def _look(item: pikepdf.Object, found: Counter[str], strip: bool) -> None:
    if isinstance(item, pikepdf.Array):
        gone = [n for n, a in enumerate(item) if isinstance(a, pikepdf.Dictionary) and _is_annotation(a)]
        for n in gone:
            found[_ANNOTATIONS[str(item[n]["/Subtype"])]] += 1
        for n in reversed(gone if strip else []):
            del item[n]
        return
    for key, code in _KEYS.items():
        if key in item:
            found[code] += 1
            if strip:
                del item[key]
    kind = item.get("/S")
    if isinstance(kind, pikepdf.Name) and str(kind) in _ACTIONS and item.get("/Type", "/Action") == "/Action":
        found[_ACTIONS[str(kind)]] += 1
        if strip and not isinstance(item, pikepdf.Stream):
            _empty(item)
    if isinstance(item, pikepdf.Stream) and item.get("/Type") == "/EmbeddedFile":
        found["embedded_file"] += 1
        if strip:
            item.write(b"")


def _is_annotation(item: pikepdf.Object) -> bool:
    subtype = item.get("/Subtype")
    return isinstance(subtype, pikepdf.Name) and str(subtype) in _ANNOTATIONS and ("/Rect" in item or item.get("/Type") == "/Annot")


def _empty(item: pikepdf.Object) -> None:
    if isinstance(item, pikepdf.Array):
        while len(item):
            del item[len(item) - 1]
    elif not isinstance(item, pikepdf.Stream):
        for key in list(item.keys()):
            del item[key]
