"""The preparation stage: settings and paths in, a sealed dataset folder and its report out."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from sevenfold.contracts.earlier import Earlier
from sevenfold.plan.data import DataSection, RefineSection
from sevenfold.plan.preparation import PreparationSection
from sevenfold.preparation.prepare import prepare
from sevenfold.preparation.prepared import Prepared
from sevenfold.preparation.report import preparation_report
from sevenfold.refine.recipe import load_recipe
from sevenfold.report.page import write_report
from sevenfold.runtime.environment import in_cluster
from sevenfold.runtime.progress import report_progress
from sevenfold.tables.source import ATTEMPTS, CLUSTER_ATTEMPTS
from sevenfold.tables.sources import resolve_sources

__all__ = ["run_preparation"]


def run_preparation(source: str, digest: str, settings: str, *, out: Path, page: Path, summary: Path) -> Prepared:
    """Fetch a table, prepare it and write the report.

    Args:
        source: path or address of a CSV or Parquet file, or a JSON list of several; empty takes the plan's.
        digest: sha256:… the table must have; empty accepts any.
        settings: JSON of {"data", "refine", "preparation": sections of the plan, "max_features": number}, and of a
            retraining {"earlier": `Earlier`}.
        out: dataset folder to write and seal.
        page: HTML report to write.
        summary: Markdown report to write.

    Raises:
        DataError: the table or the recipe cannot be used; the code says why.
    """
    given = json.loads(settings)
    data = DataSection.model_validate(given["data"]).replaced(digest=digest)
    attempts = CLUSTER_ATTEMPTS if in_cluster() else ATTEMPTS
    named = RefineSection.model_validate(given["refine"]).recipe
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
        recipe = load_recipe(named, Path.cwd(), Path(work) / "recipe", attempts=attempts) if named else None
        prepared = prepare(
            resolve_sources(source or data.source, Path.cwd(), Path(work), attempts=attempts),
            data,
            PreparationSection.model_validate(given["preparation"]),
            out,
            recipe=recipe,
            max_features=given["max_features"],
            earlier=Earlier.model_validate(given["earlier"]) if "earlier" in given else None,
            on_progress=_report,
        )
    write_report(preparation_report(prepared), page, summary)
    return prepared


def _report(message: str, done: int, total: int) -> None:
    report_progress("preparation", message, done=done, total=total)
