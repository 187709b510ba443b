"""What a language lacks: `python -m portal.messages [km]`. Texts are those of templates and of words("…") in the code."""
from __future__ import annotations

import sys

from portal.language import PREPARED, catalogue, texts_in_use


def main(wanted: list[str]) -> int:
    used = texts_in_use()
    lacking = False
    for lang in wanted or ["en", *PREPARED]:
        missing = sorted(used - set(catalogue(lang)))
        stale = sorted(set(catalogue(lang)) - used)
        print(f"{lang}: {len(used) - len(missing)} / {len(used)}")
        for text in missing if wanted else ():
            print(f"  {text}")
        if stale and wanted:
            print(f"  ({len(stale)} không còn thấy trong mã / not found in the code)")
        lacking |= bool(missing) and lang not in PREPARED
    return int(lacking)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
