"""`sogoc`: runs a command, shows what went wrong as one line, ends with 0, 1 (work failed) or 2 (wrong use)."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the `sogoc` script; always ends by SystemExit."""
    from sogoc.app import run

    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


if __name__ == "__main__":
    main()
