"""A report as Markdown, for viewers that show no HTML and for the model card."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sevenfold.report.format_value import format_value
from sevenfold.report.model import Block, Chart, Facts, Findings, Report, Table, Text

__all__ = ["render_markdown"]

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~$])")
_MARKS = {"good": "good", "info": "note", "warning": "warning", "bad": "bad"}


def render_markdown(report: Report) -> str:
    """Return the report as GitHub-flavoured Markdown; a chart becomes its title and `alt`."""
    parts = [f"# {_safe(report.title)}", f"**{_safe(report.headline)}**"]
    parts += [text for block in report.blocks for text in _block(block)]
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Text):
        yield _safe(block.text)
    elif isinstance(block, Findings):
        yield "\n".join(f"- {_MARKS[finding.level]}: {_safe(finding.text)}" for finding in block.findings)
    elif isinstance(block, Facts):
        rows = [(fact.label, f"{format_value(fact.value)} {fact.unit}".strip(), fact.hint) for fact in block.facts]
        yield _grid(("figure", "value", ""), rows)
    elif isinstance(block, Table):
        yield from [f"## {_safe(block.title)}"] if block.title else []
        yield _grid(block.columns, [tuple(map(format_value, row)) for row in block.rows])
        yield from [_safe(block.caption)] if block.caption else []
    elif isinstance(block, Chart):
        yield f"*Chart “{_safe(block.title)}”*: {_safe(block.alt)}"


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [
        [_safe(cell) for cell in columns],
        ["---"] * len(columns),
        *([_safe(cell) for cell in row] for row in rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _safe(text: str) -> str:
    """Escape what Markdown would read as markup; line breaks become spaces."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
