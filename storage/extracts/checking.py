"""Finding out what a code, and the document it stands on, are worth: with a key file, without network, database or home."""
from __future__ import annotations

import hmac
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ocr.errors import UnreadableFile
from ocr.images import PDF, Limits, check_content, open_page, read_file
from ocr.pdf_pages import inspect_pdf, render_pdf_page
from storage.extracts.keys import KeyFile
from storage.extracts.layout import day_in_words
from storage.extracts.printed import Printed, read_printed
from storage.extracts.proof import PREFIX, Forged, NotOurCode, Statement, UnknownKey, decode
from storage.extracts.values import digest
from storage.signature_appearance import AGENCY_FIELD, PERSON_FIELD
from storage.signature_check import SignatureReport, verify_pdf

_DPI = 200
_PIXELS = 40_000_000


@dataclass(frozen=True)
class CodeReport:
    """said: what the code says, once its signature is good. signatures, printed: of the document, if one was given. problems: codes that
    `check_words` puts into sentences; none is good."""

    said: Statement | None
    problems: tuple[str, ...] = ()
    printed: Printed | None = None
    signatures: SignatureReport | None = None

    @property
    def exit_code(self) -> int:
        """0 genuine, 1 not to be relied on, 4 no code could be read."""
        return 0 if not self.problems else 4 if self.problems[0] in ("no_code", "not_our_code") else 1

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


def check_code(code: str | Path, keys: KeyFile, pdf: Path | None = None, roots: Sequence[Path] = ()) -> CodeReport:
    """code: its text, or a file that shows it. pdf: the extract it is of. roots: trusted for signatures beside those of the key file."""
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
    return CodeReport(said) if pdf is None else _with_document(said, pdf, keys, roots)


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
