"""The design stage: profile a table and run the notebook on it; settings and paths in, four files out."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from sevenfold.contracts.manifest import require_file
from sevenfold.design.notebook import run_notebook, write_notebook_page
from sevenfold.design.parameters import Parameters
from sevenfold.design.plan_notices import plan_notices
from sevenfold.design.profile import Profile, profile_typed
from sevenfold.design.report import design_report
from sevenfold.design.typed_table import read_typed
from sevenfold.plan.data import DataSection, RefineSection
from sevenfold.plan.design import DesignSection
from sevenfold.plan.preparation import SplitSection
from sevenfold.refine.recipe import load_recipe
from sevenfold.report.page import write_report
from sevenfold.runtime.environment import in_cluster
from sevenfold.runtime.progress import report_progress
from sevenfold.tables.source import ATTEMPTS, CLUSTER_ATTEMPTS, resolve_source
from sevenfold.tables.sources import resolve_sources, sources_text

__all__ = ["run_design"]


def run_design(
    source: str, settings: str, *, page: Path, summary: Path, notebook: Path, notebook_page: Path
) -> Profile:
    """Profile a table and run the notebook on it.

    Args:
        source: path or address of a CSV or Parquet file, or a JSON list of several; empty takes the plan's.
        settings: JSON of {"data", "refine", "design": sections of the plan, "split": its preparation.split}.
        page: HTML report to write.
        summary: Markdown report to write.
        notebook: executed notebook to write.
        notebook_page: the same as an HTML page.

    Raises:
        DataError: the table cannot be read, or the notebook fails.
    """
    given = json.loads(settings)
    data, design = DataSection.model_validate(given["data"]), DesignSection.model_validate(given["design"])
    attempts = CLUSTER_ATTEMPTS if in_cluster() else ATTEMPTS
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
        if "://" in design.notebook:
            fetched = resolve_source(design.notebook, Path.cwd(), Path(work) / "notebook", attempts=attempts)
            design = design.replaced(notebook=str(fetched))
        table = resolve_sources(source or data.source, Path.cwd(), Path(work), attempts=attempts)
        named = RefineSection.model_validate(given.get("refine", {})).recipe
        recipe = load_recipe(named, Path.cwd(), Path(work) / "recipe", attempts=attempts) if named else None
        read = read_typed(table, data, ask=True, recipe=recipe, on_progress=_report)
        profile = profile_typed(read, data, on_progress=_report)
        _report("look for leaks", 0, 0)
        notices = plan_notices(read, profile, data, SplitSection.model_validate(given["split"]))
        del read  # the notebook reads the table again
        own = Path(design.notebook) if design.notebook else None
        known = Parameters(
            table=sources_text([str(path.resolve()) for path in table]),
            data=data,
            recipe=named,
            sample_rows=design.sample_rows,
            own=design.parameters,
        )
        run_notebook(own, known, notebook, timeout_seconds=design.timeout_seconds, on_progress=_report)
    _report("write the pages", 0, 0)
    write_notebook_page(notebook, notebook_page)
    write_report(design_report(profile, data, own.name if own else "The built-in notebook", notices), page, summary)
    for path in (page, summary, notebook, notebook_page):
        require_file(path, "missing_output")
    return profile


def _report(message: str, done: int, total: int) -> None:
    report_progress("design", message, done=done, total=total)
