"""Finding out what a code, and the document it stands on, are worth: with a key file, without network, database or home."""
from __future__ import annotations

import hmac
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from ocr.errors import UnreadableFile
from ocr.images import PDF, Limits, check_content, open_page, read_file
from ocr.pdf_pages import inspect_pdf, render_pdf_page
from storage.extracts.cose import Forged, NotOurCode, UnknownKey
from storage.extracts.deadline import today
from storage.extracts.keys import KeyFile
from storage.extracts.layout import day_in_words
from storage.extracts.printed import Printed, read_printed
from storage.extracts.proof import PREFIX, Statement, decode
from storage.extracts.revocation import read
from storage.extracts.values import digest
from storage.models import utc_now
from storage.signature_appearance import AGENCY_FIELD, PERSON_FIELD
from storage.signature_check import SignatureReport, verify_pdf

LIST_DAYS = 7
_AHEAD = timedelta(hours=1)             # clocks differ
_ENDED = {"cancelled": "extract_cancelled", "changed": "record_changed_since"}
_DPI = 200
_PIXELS = 40_000_000


Freshness = Literal["none", "unusable", "elsewhere", "ahead", "before", "old", "fresh"]


@dataclass(frozen=True)
class Standing:
    """What is known of later cancellation: of a list no older than `days` days, made at `made_at`.

    state: `none` no list given, `unusable` not signed by this issuer, `elsewhere` of other agencies, `ahead` made after this machine's now,
    `before` made before the extract, `old`, or `fresh`: and then the extract is not in it, unless a problem says so.
    """

    state: Freshness
    days: int
    made_at: datetime | None = None


@dataclass(frozen=True)
class CodeReport:
    """said: what the code says, once its signature is good. signatures, printed: of the document, if one was given. problems: codes that
    `check_words` puts into sentences; none is good."""

    said: Statement | None
    problems: tuple[str, ...] = ()
    printed: Printed | None = None
    signatures: SignatureReport | None = None
    standing: Standing | None = None

    @property
    def exit_code(self) -> int:
        """0 genuine (with a list: and in force), 1 not to be relied on, 3 genuine but the list given does not tell, 4 no code read."""
        if self.problems:
            return 4 if self.problems[0] in ("no_code", "not_our_code") else 1
        return 0 if self.standing is None or self.standing.state in ("none", "fresh") else 3

    def lines(self, lang: str = "vi") -> tuple[str, ...]:
        """Sentences in `vi` or `en`, the verdict first."""
        from storage.extracts.check_words import lines

        return lines(self, lang)


def code_texts(place: Path) -> tuple[str, ...]:
    """Texts of the codes of extracts in a picture, or on the first page of a PDF. Raises ocr.errors.UnreadableFile."""
    import zxingcpp

    data = read_file(place)
    media_type, _ = check_content(data)
    if media_type == PDF:           # with its form: the code is drawn by a signature
        limits = Limits()
        size = inspect_pdf(data, limits.frames, limits.pixels).sizes[0]
        pixels, _ = render_pdf_page(data, 0, size, _DPI, _PIXELS, limits.seconds)
    else:
        pixels = open_page(data, media_type).pixels
    found = zxingcpp.read_barcodes(pixels, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return tuple(dict.fromkeys(f.text for f in found if f.text.startswith(PREFIX)))


def check_code(code: str | Path, keys: KeyFile, pdf: Path | None = None, roots: Sequence[Path] = (), revoked: bytes | None = None,
               days: int = LIST_DAYS, now: datetime | None = None) -> CodeReport:
    """code: its text, or a file that shows it. pdf: the extract it is of. roots: trusted for signatures beside those of the key file.
    revoked: the issuer's list (`revocation`), which counts as fresh for `days` days from when it was made."""
    try:
        texts = (code,) if isinstance(code, str) else code_texts(code)
    except UnreadableFile:
        texts = ()
    if not texts:
        return CodeReport(None, ("no_code",))
    try:
        said = decode(texts[0], keys.keys)
    except NotOurCode:
        return CodeReport(None, ("not_our_code",))
    except UnknownKey:
        return CodeReport(None, ("unknown_key",))
    except Forged:
        return CodeReport(None, ("forged",))
    standing, ended = _standing(said, keys, revoked, days, now or utc_now())
    found = CodeReport(said) if pdf is None else _with_document(said, pdf, keys, roots)
    return replace(found, problems=(*ended, *found.problems), standing=standing)


def _standing(said: Statement, keys: KeyFile, revoked: bytes | None, days: int, now: datetime) -> tuple[Standing, tuple[str, ...]]:
    """Also an old list knows of a cancellation: what is in it stays so."""
    if revoked is None:
        return Standing("none", days), ()
    try:
        told = read(revoked, keys.keys)
    except (NotOurCode, UnknownKey, Forged):
        return Standing("unusable", days), ()
    if not told.covers(said):
        return Standing("elsewhere", days, told.made_at), ()
    state: Freshness = ("ahead" if told.made_at > now + _AHEAD else "before" if today(told.made_at) < said.day
                        else "old" if now - told.made_at > timedelta(days=days) else "fresh")
    word = told.says(said)
    return Standing(state, days, told.made_at), (_ENDED[word],) if word else ()


def _with_document(said: Statement, pdf: Path, keys: KeyFile, roots: Sequence[Path]) -> CodeReport:
    data = pdf.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder) / f"{n}.pem" for n in range(len(keys.roots))]
        for place, root in zip(places, keys.roots, strict=True):
            place.write_text(root, "utf-8")
        signatures = verify_pdf(data, [*places, *roots])
    printed = read_printed(data)
    problems = list(signatures.problems)
    if signatures.signed and [s.field for s in signatures.signatures] != [PERSON_FIELD, AGENCY_FIELD]:
        problems.append("not_both_signatures")
    if printed is None:
        problems.append("not_an_extract")
    else:
        problems += _differences(said, printed)
    return CodeReport(said, tuple(dict.fromkeys(problems)), printed, signatures)


def _differences(said: Statement, printed: Printed) -> list[str]:
    found = []
    if not hmac.compare_digest(digest(printed.values, printed.check_code), said.digest):
        found.append("values_differ")
    if printed.number != said.number or day_in_words(said.day) not in printed.day.lower():
        found.append("number_differs")
    return found
