"""The design stage: profile a table and run the notebook on it; settings and paths in, four files out."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from sevenfold.contracts.manifest import require_file
from sevenfold.design.notebook import notebook_page, run_notebook
from sevenfold.design.parameters import Parameters
from sevenfold.design.profile import Profile, profile_table
from sevenfold.design.report import design_report
from sevenfold.plan.data import DataSection
from sevenfold.plan.design import DesignSection
from sevenfold.report.page import write_report
from sevenfold.runtime.progress import OnProgress
from sevenfold.tables.source import ATTEMPTS, resolve_source

__all__ = ["explore"]


def explore(
    source: str,
    settings: str,
    *,
    report: Path,
    summary: Path,
    notebook: Path,
    page: Path,
    attempts: int = ATTEMPTS,
    on_progress: OnProgress | None = None,
) -> Profile:
    """Profile a table and run the notebook on it.

    Args:
        source: path or address of a CSV or Parquet file; empty takes the plan's.
        settings: JSON of {"data", "design": sections of the plan}.
        report: where the page of the profile goes.
        summary: where its Markdown goes.
        notebook: where the executed notebook goes.
        page: where its page goes.
        attempts: how often a passing fault of a source is tried at all.
        on_progress: called with a message, the steps done and their number.

    Raises:
        DataError: the table cannot be read, or the notebook fails.
    """
    given = json.loads(settings)
    data, design = DataSection.model_validate(given["data"]), DesignSection.model_validate(given["design"])
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
        if "://" in design.notebook:
            fetched = resolve_source(design.notebook, Path.cwd(), Path(work) / "notebook", attempts=attempts)
            design = design.replaced(notebook=str(fetched))
        table = resolve_source(source or data.source, Path.cwd(), Path(work), attempts=attempts)
        profile = profile_table(table, data, on_progress=on_progress)
        own = Path(design.notebook) if design.notebook else None
        known = Parameters(table=str(table.resolve()), data=data, sample_rows=design.sample_rows, own=design.parameters)
        run_notebook(own, known, notebook, timeout_seconds=design.timeout_seconds, on_progress=on_progress)
    if on_progress is not None:
        on_progress("write the pages", 0, 0)
    notebook_page(notebook, page)
    write_report(design_report(profile, data, own.name if own else "The built-in notebook"), report, summary)
    for path in (report, summary, notebook, page):
        require_file(path, "missing_output")
    return profile
