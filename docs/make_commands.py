"""Writes docs/commands.md and docs/vi/lenh.md from the commands' own help; a test compares them.

    .venv/bin/python docs/make_commands.py
"""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
PAGES = {"en": DOCS / "commands.md", "vi": DOCS / "vi" / "lenh.md"}
HEADS = {
    "en": """# Commands

Generated from the commands themselves by `docs/make_commands.py`. Every command ends with 0 (done), 1 (work failed, or a
page was set aside) or 2 (wrong use). An error is one line; `--debug` shows more. `SOGOC_LANG=vi` gives Vietnamese.
""",
    "vi": """# Các lệnh

Sinh từ chính các lệnh bằng `docs/make_commands.py`. Mỗi lệnh kết thúc với mã 0 (xong), 1 (không xong, hoặc có trang để
riêng) hay 2 (dùng sai). Lỗi in một dòng; thêm `--debug` để xem chi tiết. `SOGOC_LANG=en` cho tiếng Anh.
""",
}
_WALK = """
import sys, typer, io, contextlib
from sogoc import app
def walk(command, path):
    out = io.StringIO()
    with contextlib.redirect_stdout(out): app.run([*path, "--help"])
    marks = "#" * max(2, min(len(path) + 1, 4))
    print(f"\\n{marks} sogoc {' '.join(path)}".rstrip() + "\\n\\n```\\n" + out.getvalue().rstrip() + "\\n```")
    for name, child in getattr(command, "commands", {}).items(): walk(child, [*path, name])
walk(typer.main.get_command(app.app), [])
"""


def reference(language: str) -> str:
    """The page in that language; the same on every terminal."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SOGOC_")}
    environment = kept | {"SOGOC_LANG": language, "COLUMNS": "100", "TERM": "dumb"}
    body = subprocess.run([sys.executable, "-c", _WALK], env=environment, capture_output=True, text=True, check=True).stdout
    return HEADS[language] + body


def main() -> None:
    for language, path in PAGES.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(reference(language), "utf-8")


if __name__ == "__main__":
    main()
