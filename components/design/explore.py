"""Explore a table: profile it, run the notebook, write what both found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.contracts.manifest import require_file
from sevenfold.design.notebook import notebook_page, run_notebook
from sevenfold.design.parameters import Parameters
from sevenfold.design.profile import Profile, profile_table
from sevenfold.design.report import design_report
from sevenfold.design.typed_table import OnProgress
from sevenfold.report.page import write_report

if TYPE_CHECKING:
    from sevenfold.plan.data import DataSection
    from sevenfold.plan.design import DesignSection

__all__ = ["explore"]


def explore(
    table: Path,
    data: DataSection,
    design: DesignSection,
    *,
    report: Path,
    summary: Path,
    notebook: Path,
    page: Path,
    on_progress: OnProgress | None = None,
) -> Profile:
    """Profile a table and run the notebook on it.

    Args:
        table: a CSV or Parquet file.
        data: what the table is.
        design: which notebook runs, with what.
        report: where the page of the profile goes.
        summary: where its Markdown goes.
        notebook: where the executed notebook goes.
        page: where its page goes.
        on_progress: called with a message, the steps done and their number.

    Raises:
        DataError: the table cannot be read, or the notebook fails.
    """
    profile = profile_table(table, data, on_progress=on_progress)
    own = Path(design.notebook) if design.notebook else None
    given = Parameters(table=str(table.resolve()), data=data, sample_rows=design.sample_rows, own=design.parameters)
    run_notebook(own, given, notebook, timeout_seconds=design.timeout_seconds, on_progress=on_progress)
    if on_progress is not None:
        on_progress("write the pages", 0, 0)
    notebook_page(notebook, page)
    write_report(design_report(profile, data, own.name if own else "The built-in notebook"), report, summary)
    for path in (report, summary, notebook, page):
        require_file(path, "missing_output")
    return profile
