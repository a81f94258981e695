"""A page on a phone, laid out by a real browser: tables are read line by line, and only they scroll sideways."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sevenfold.report import Report, Table, render_page
from sevenfold.report.model import Step

WIDTH = 390
SENTENCE = "roc_auc must be at least 0.7 and is 0.7228 (95% interval: 0.7156 to 0.7303)."
MEASURE = """
<script>
const page = document.getElementById("page");
page.onload = () => {
  const inside = page.contentDocument;
  const cells = [...inside.querySelectorAll("td, th")].map(cell => {
    const range = inside.createRange();
    range.selectNodeContents(cell);
    return {text: cell.textContent, lines: new Set([...range.getClientRects()].map(box => box.top)).size};
  });
  const width = inside.documentElement.scrollWidth;
  const scrolls = [...inside.querySelectorAll(".scroll")].map(box => box.scrollWidth > box.clientWidth);
  document.getElementById("found").textContent = JSON.stringify({cells, width, scrolls});
};
</script>
"""


@pytest.fixture
def page() -> str:
    columns = ("gate", "verdict", "value", "limit", "interval", "reason")
    row = ("against the model now serving", "not judged", 0.7228, 0.7, "0.7156 to 0.7303", SENTENCE)
    names = ("pressure_change_6h_mbar", "scheduled_departure", "weekday")
    reports = [
        Report(
            stage="testing",
            title="Testing",
            headline="Promote.",
            blocks=(
                Table(title="Gates", columns=columns, rows=(row, row), levels=("good", None)),
                Table(columns=("a", "b"), rows=((1, 2),)),
                Table(
                    title="Decisions",
                    columns=("when", "decision", "words"),
                    rows=(("now", "no", SENTENCE),),
                    stacked=True,
                ),
                Table(
                    title="Columns",
                    columns=("column", "kind", "role", "missing", "different", "median", "levels", "digest"),
                    rows=tuple((name, "category", "feature", "0.0%", 12_345, "839", 7, "f" * 64) for name in names),
                ),
            ),
        )
    ] * 2
    steps = [Step("serve", "sevenfold serve runs/flights/1/bundle", verbatim=True), Step("change", SENTENCE)]
    return render_page(reports, title="flights · run 1", subtitle=SENTENCE, steps=steps)


def laid_out(page: str, folder: Path, width: int = WIDTH) -> dict[str, Any]:
    """Return every cell's text and number of lines, the page's width, and which tables scroll."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium is installed")
    frame = f'<iframe id="page" style="border:0;width:{width}px;height:900px" srcdoc="{html.escape(page)}"></iframe>'
    (folder / "frame.html").write_text(f'<!doctype html>{frame}<p id="found"></p>{MEASURE}')
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--window-size={width + 100},1000",
        f"--user-data-dir={folder / 'profile'}",
    ]
    done = subprocess.run(
        [*command, "--virtual-time-budget=5000", "--dump-dom", f"file://{folder / 'frame.html'}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    match = re.search(r'<p id="found">(.+?)</p>', done.stdout)
    assert match
    return dict(json.loads(html.unescape(match[1])))


def test_a_table_is_read_on_a_phone(page: str, tmp_path: Path) -> None:
    seen = laid_out(page, tmp_path)
    assert seen["width"] == WIDTH
    assert seen["scrolls"] == [True, False, False, True] * 2
    hidden = [cell["text"] for cell in seen["cells"] if not cell["lines"]]
    assert hidden == ["when", "decision", "words"] * 2, "a stacked table names its columns in each row instead"
    for cell in (cell for cell in seen["cells"] if cell["lines"]):
        longest = max(map(len, cell["text"].split()))
        assert len(cell["text"]) / cell["lines"] >= min(longest, 8), cell


@pytest.mark.parametrize("width", [800, 1200])
def test_no_word_is_broken_beside_a_sentence(tmp_path: Path, width: int) -> None:
    """In half a row of the grid, where a sentence asks for all the width that there is."""
    columns, row = ("column", "kind", "role", "how"), ("min_rows_in_leaf", "category", "identifier", SENTENCE)
    small = Table(title="Columns", columns=columns, rows=(row,) * 3)
    digest = Table(title="Files", columns=("file", "digest", "rows"), rows=(("train.parquet", "f" * 64, 3),))
    report = Report(stage="preparation", title="Preparation", headline="Done.", blocks=(small, small, digest))
    seen = laid_out(render_page([report, report], title="run", subtitle="Done."), tmp_path, width)
    words = [cell for cell in seen["cells"] if cell["text"] and " " not in cell["text"]]
    assert [cell for cell in words if cell["lines"] > 1 and len(cell["text"]) < 64] == []
    assert seen["width"] == width
    assert seen["scrolls"] == [False] * 6, "the sentence gives way, and so does the digest"
