"""Pages of which nothing is known are read within a bounded memory, however many forms they are compared with."""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST = 1.2e9                # bytes of one reading process; some 0.6 GB are usual. A form laid at a mistaken size once took several
MOST_GROWTH = 0.2e9         # of a second round over the same pages

READER = """
import json, sys
from pathlib import Path
import numpy as np
from ocr.extraction import Expectation, PageReader
from ocr.images import open_page
from ocr.reading import PageImage

def peak():      # of this program alone: getrusage would count the process that started it as well
    status = Path("/proc/self/status").read_text()
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))

pages = [open_page(Path(p).read_bytes(), "image/jpeg") for p in sys.argv[1:]]
height, width = pages[0].pixels.shape[:2]
rng = np.random.default_rng(1)
letter = np.full((height, width, 3), 240, np.uint8)         # lines of ink that are no form
for y in range(200, height - 200, 60):
    for x in range(150, width - 200, 34):
        letter[y:y + int(rng.integers(8, 26)), x:x + int(rng.integers(6, 28))] = 60
pages += [PageImage(letter, 200), PageImage(np.ascontiguousarray(pages[0].pixels[: height // 2]), 200)]
reader, peaks, forms = PageReader(), [], []
for _ in range(2):
    forms = [reader.read(p, Expectation()).form for p in pages]
    peaks.append(peak())
print(json.dumps({"peaks": peaks, "forms": forms}))
"""


def test_pages_of_unknown_kind_take_bounded_memory() -> None:
    found = [sorted((ROOT / "samples" / "books").glob(f"{kind}.*/*.jpg"))[0] for kind in ("KS", "KT")]
    done = subprocess.run([sys.executable, "-c", READER, *map(str, found)], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert all(said["forms"][:2]), "the two register pages are known among all forms"
    assert said["forms"][2] is None, "and what is no form for none"
    assert max(said["peaks"]) < MOST, said
    assert said["peaks"][1] - said["peaks"][0] < MOST_GROWTH, said
