"""Reports: what a stage found, as JSON, HTML and Markdown."""

from sevenfold.contracts.report.model import (
    Block,
    Chart,
    Fact,
    Facts,
    Finding,
    Findings,
    Level,
    Report,
    Table,
    Text,
)

__all__ = ["Block", "Chart", "Fact", "Facts", "Finding", "Findings", "Level", "Report", "Table", "Text"]
