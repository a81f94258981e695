"""A table that goes on below its edge shows it, in a picture by a real browser; one that ends there does not."""

import html
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from sevenfold.report import Report, Table, render_page

SCROLL = """
<script>
const page = document.getElementById("page");
page.onload = () => { for (const box of page.contentDocument.querySelectorAll(".scroll")) box.scrollTop = 1e6; };
</script>
"""
WIDTH = 1000
EDGE = 227  # grey of the line around a card, the darkest of its pixels beside the texts; a shade is darker
BESIDE = 46  # pixels from the left: within a card, before its texts


def darkest(rows: int, folder: Path, *, scrolled: bool = False) -> int:
    """Return the grey of the darkest pixel of a line from top to bottom through a table's card, beside its texts."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium is installed")
    table = Table(columns=("row", "in words"), rows=tuple((f"{n}", "a word") for n in range(rows)))
    page = render_page([Report(stage="design", title="Design", headline="x", blocks=(table,))], title="t")
    frame = f'<iframe id="page" style="border:0;width:{WIDTH}px;height:800px" srcdoc="{html.escape(page)}"></iframe>'
    (folder / "frame.html").write_text(f'<!doctype html><body style="margin:0">{frame}{SCROLL if scrolled else ""}')
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder / 'p'}"]
    options += [f"--window-size={WIDTH},800", "--virtual-time-budget=5000", f"--screenshot={folder / 'page.png'}"]
    subprocess.run([browser, *options, f"file://{folder / 'frame.html'}"], capture_output=True, check=True, timeout=120)
    with Image.open(folder / "page.png") as picture:
        return min(picture.convert("L").crop((BESIDE, 200, BESIDE + 1, picture.height)).tobytes())


def test_rows_below_the_edge_are_shown_to_be_there(tmp_path: Path) -> None:
    assert darkest(60, tmp_path) < EDGE - 10
    assert darkest(60, tmp_path, scrolled=True) == EDGE
    assert darkest(3, tmp_path) == EDGE
