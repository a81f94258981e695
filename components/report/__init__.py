"""Reports: the result of a stage as JSON, HTML and Markdown."""

from sevenfold.report.model import Block, Chart, Fact, Facts, Finding, Findings, Level, Report, Table, Text
from sevenfold.report.page import read_report, render_page, write_report

__all__ = [
    "Block",
    "Chart",
    "Fact",
    "Facts",
    "Finding",
    "Findings",
    "Level",
    "Report",
    "Table",
    "Text",
    "read_report",
    "render_page",
    "write_report",
]
