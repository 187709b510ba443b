"""Fetches handwriting fonts (OFL) from npm and joins their subsets into one TrueType file each: `python -m train.fonts LIST OUT`.

LIST: a tab-separated table whose first column is the family's package name (`patrick-hand`). `npm` must be at hand.
"""
from __future__ import annotations

import argparse
import csv
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fontTools.merge import Merger
from fontTools.ttLib import TTFont

SCOPES = "@expo-google-fonts", "@fontsource"
SUBSETS = "latin", "latin-ext", "vietnamese"


def fetch(name: str, folder: Path) -> Path | None:
    """The unpacked package of this family, None if no scope has it."""
    for scope in SCOPES:
        target = folder / scope.strip("@") / name
        target.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(["npm", "pack", f"{scope}/{name}", "--silent"], cwd=target, capture_output=True, text=True, check=False)
        if packed.returncode == 0:
            subprocess.run(["tar", "xzf", packed.stdout.split()[-1]], cwd=target, check=True)
            return target / "package"
    return None


def joined(package: Path, name: str) -> TTFont | None:
    """The regular face with every Vietnamese letter, None if the package lacks it."""
    whole = sorted(package.rglob("*_400Regular.ttf"))
    if whole:
        return TTFont(whole[0])
    parts = [package / "files" / f"{name}-{subset}-400-normal.woff2" for subset in SUBSETS]
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for part in filter(Path.exists, parts):
            font = TTFont(part)
            font.flavor = None
            for table in ("GSUB", "GPOS", "GDEF", "kern", "vhea", "vmtx", "VORG", "BASE", "DSIG"):
                if table in font:
                    del font[table]
            files.append(Path(folder) / f"{part.stem}.ttf")
            font.save(files[-1])
        return Merger().merge([str(f) for f in files]) if len(files) == len(SUBSETS) else None


def make(name: str, out: Path) -> str:
    if (out / f"{name}.ttf").exists():
        return f"{name}: there already"
    with tempfile.TemporaryDirectory() as folder:
        package = fetch(name, Path(folder))
        try:
            font = joined(package, name) if package else None
        except Exception as e:  # fontTools raises all kinds; one odd family must not stop the others
            return f"{name}: {e}"
        if font is None:
            return f"{name}: not to be had with all Vietnamese letters"
        font.save(out / f"{name}.ttf")
    return f"{name}: made"


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("list", type=Path)
    p.add_argument("out", type=Path)
    o = p.parse_args()
    o.out.mkdir(parents=True, exist_ok=True)
    names = [r[0] for r in csv.reader(o.list.open(encoding="utf-8"), delimiter="\t")][1:]
    with ThreadPoolExecutor(4) as pool:
        for line in pool.map(lambda n: make(n, o.out), names):
            print(line, flush=True)


if __name__ == "__main__":
    main()
