"""Build the parts that every PDF carries: `python -m storage.pdf_parts.build LiberationSerif-Regular.ttf LICENSE` (wants fonttools).

serif.ttf: Liberation Serif 2.1.5 (metrics of Times New Roman, OFL 1.1) cut down to what Vietnamese pages need and renamed, as its
licence asks of changed copies. srgb.icc: an sRGB profile made by Little CMS, with its date taken out.
"""
from __future__ import annotations

import shutil
import sys
from pathlib import Path

NAME = "So Goc Serif"
RANGES = [
    (0x20, 0x7E), (0xA0, 0x180), (0x192, 0x192), (0x1A0, 0x1A1), (0x1AF, 0x1B0), (0x2BC, 0x2BC), (0x2C6, 0x2DD),
    (0x300, 0x304), (0x306, 0x309), (0x31B, 0x31B), (0x323, 0x323), (0x1E00, 0x1EF9), (0x2010, 0x2026), (0x2030, 0x203A), (0x20AB, 0x20AC),
    (0x2116, 0x2116), (0x2122, 0x2122), (0x2190, 0x2193), (0x2212, 0x2212), (0x2248, 0x2248), (0x2260, 0x2265),
    (0x25A0, 0x25A1), (0x25CF, 0x25CF),
]


def build_font(source: Path, target: Path) -> None:
    """Subset without hinting and layout tables, glyph order by code point, names changed, dates fixed."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    font = TTFont(source, recalcTimestamp=False)
    options = Options(hinting=False, layout_features=[], name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14], notdef_outline=True,
                      drop_tables=["GSUB", "GPOS", "GDEF", "FFTM", "DSIG", "kern", "gasp"])
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[c for a, b in RANGES for c in range(a, b + 1)])
    subsetter.subset(font)
    for record in font["name"].names:
        new = {1: NAME, 2: "Regular", 3: f"{NAME} 1", 4: NAME, 6: NAME.replace(" ", "")}.get(record.nameID)
        if new is not None:
            record.string = new
    font["post"].formatType = 3.0
    font["head"].created = font["head"].modified = 3_600_000_000
    font.save(target)


def build_profile(target: Path) -> None:
    """sRGB, ICC version 2 or 4 as Little CMS makes it; the header's creation date and profile id are set to fixed values."""
    from PIL import ImageCms

    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    data[24:36] = (2026).to_bytes(2, "big") + b"\0\1\0\1\0\0\0\0\0\0"       # dateTimeNumber: year month day hour minute second
    data[84:100] = bytes(16)                                                # profile ID: none
    data[8:12] = b"\4\x20\0\0"       # version 4.2, the newest that ISO 32000-1 knows; the tags used are of it
    target.write_bytes(bytes(data))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    here = Path(__file__).parent
    build_font(Path(sys.argv[1]), here / "serif.ttf")
    build_profile(here / "srgb.icc")
    shutil.copyfile(sys.argv[2], here / "serif-OFL.txt")
