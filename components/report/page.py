"""Pages: reports as HTML that needs no network and no script, light and dark, on a screen, a phone and paper."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from sevenfold.contracts.canonical import write_whole
from sevenfold.contracts.errors import IntegrityError, MissingExtraError
from sevenfold.report.draw import draw
from sevenfold.report.format_value import format_value
from sevenfold.report.markdown import render_markdown
from sevenfold.report.model import Block, Chart, Report, Step, Table
from sevenfold.report.theme import COLUMN, PHONE, ROW

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

__all__ = ["read_report", "render_page", "write_report"]

_EMBEDDED = re.compile(rb'<script type="application/json" id="report">(.*?)</script>', re.DOTALL)
STEPS = {
    "design": 1,
    "preparation": 2,
    "tuning": 3,
    "training": 4,
    "testing": 5,
    "serving": 6,
    "monitoring": 7,
}
SMALL_COLUMNS, SMALL_ROWS = 4, 16  # of a table that fits beside a chart
WORD = 24  # characters, beyond which a word in a table may be broken anywhere
SMALL_WIDTH = 100  # characters of its longest cells, one of each column


@dataclass(frozen=True)
class _Tile:
    """A tile of the grid: a table, or a chart drawn once, and once more for a phone if it is wide."""

    block: Chart | Table
    wide: bool
    picture: Markup | None = None
    phone: Markup | None = None


@dataclass(frozen=True)
class _Part:
    """One block, or a grid of tiles."""

    kind: Literal["text", "facts", "findings", "grid"]
    block: Block | None = None
    tiles: tuple[_Tile, ...] = ()


def write_report(report: Report, html_path: Path, markdown_path: Path | None = None) -> None:
    """Write one stage's page with the report's JSON inside, and on request its Markdown; each whole or not at all.

    Raises:
        MissingExtraError: if the extra `report` is not installed.
    """
    write_whole(Path(html_path), _page([report], title=report.title, subtitle="", embedded=report).encode())
    if markdown_path is not None:
        write_whole(Path(markdown_path), render_markdown(report).encode())


def read_report(html_path: Path) -> Report:
    """Return the report that `write_report` put into a page.

    Raises:
        IntegrityError: ``missing_file`` if there is no such page, ``unknown_format`` if it holds no report.
    """
    try:
        match = _EMBEDDED.search(Path(html_path).read_bytes())
    except OSError as error:
        raise IntegrityError(
            "missing_file",
            f"A report must be a page on disk, but {Path(html_path).name!r} is not there.",
            remedy="Run the stage again.",
        ) from error
    try:
        return Report.model_validate_json(match[1] if match else b"")
    except ValidationError as error:
        raise IntegrityError(
            "unknown_format",
            f"A report's page carries its JSON, but {Path(html_path).name!r} has none that can be read.",
            remedy="Run the stage again.",
        ) from error


def render_page(reports: Sequence[Report], *, title: str, subtitle: str = "", steps: Sequence[Step] = ()) -> str:
    """Return one HTML page of all reports in the order given: an overview, a navigation, a section per report.

    `steps` say what to do next; they follow the subtitle.

    Charts become pictures inside the page: it loads nothing and runs no script. Every value is escaped.

    Raises:
        MissingExtraError: if the extra `report` is not installed.
    """
    return _page(reports, title=title, subtitle=subtitle, steps=steps)


def _page(
    reports: Sequence[Report],
    *,
    title: str,
    subtitle: str,
    steps: Sequence[Step] = (),
    embedded: Report | None = None,
) -> str:
    template, style = _template()
    sections = [(report, list(_parts(report.blocks)), STEPS.get(report.stage, "")) for report in reports]
    data = _script_json(embedded) if embedded else ""
    return template.render(title=title, subtitle=subtitle, steps=steps, sections=sections, style=style, data=data)


@cache
def _template() -> tuple[Template, Markup]:
    try:
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup
    except ImportError as error:
        raise MissingExtraError("jinja2", "report") from error
    folder = files("sevenfold.report")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["format_value"] = format_value
    environment.filters["is_figure"] = lambda cell: isinstance(cell, int | float) and not isinstance(cell, bool)
    environment.filters["has_long_word"] = lambda cell: max(map(len, str(cell).split()), default=0) > WORD
    template = environment.from_string((folder / "page.html").read_text("utf-8"))
    return template, Markup((folder / "page.css").read_text("utf-8"))  # noqa: S704 — our own style sheet


def _script_json(report: Report) -> Markup:
    """Return the report as JSON without a character that HTML could read as markup."""
    from markupsafe import Markup

    text = json.dumps(report.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)  # noqa: S704 — escaped above


def _parts(blocks: Sequence[Block]) -> list[_Part]:
    """Group adjacent charts and tables into grids."""
    parts: list[_Part] = []
    for block in blocks:
        if not isinstance(block, Chart | Table):
            parts.append(_Part(block.block, block))
            continue
        tiles = parts.pop().tiles if parts and parts[-1].kind == "grid" else ()
        parts.append(_Part("grid", tiles=(*tiles, _tile(block))))
    return parts


def _tile(block: Chart | Table) -> _Tile:
    from markupsafe import Markup

    if isinstance(block, Table):
        return _Tile(block, wide=_is_wide(block))
    picture = Markup(draw(block, ROW if block.wide else COLUMN))  # noqa: S704 — Vega escapes texts
    return _Tile(block, block.wide, picture, Markup(draw(block, PHONE)) if block.wide else None)  # noqa: S704


def _is_wide(table: Table) -> bool:
    """Whether a table needs a row of the grid of its own."""
    if len(table.columns) > SMALL_COLUMNS or len(table.rows) > SMALL_ROWS:
        return True
    return sum(max(len(str(cell)) for cell in column) for column in zip(*table.rows, strict=True)) > SMALL_WIDTH
