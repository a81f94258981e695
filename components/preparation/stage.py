"""The preparation stage: settings and paths in, a sealed dataset folder and its report out."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from sevenfold.plan.data import DataSection
from sevenfold.plan.preparation import PreparationSection
from sevenfold.preparation.prepare import prepare
from sevenfold.preparation.prepared import Prepared
from sevenfold.preparation.report import preparation_report
from sevenfold.report.page import write_report
from sevenfold.runtime.progress import OnProgress
from sevenfold.tables.source import ATTEMPTS, resolve_source

__all__ = ["prepare_source"]


def prepare_source(
    source: str,
    digest: str,
    settings: str,
    *,
    dataset: Path,
    report: Path,
    summary: Path,
    attempts: int = ATTEMPTS,
    on_progress: OnProgress | None = None,
) -> Prepared:
    """Fetch a table, prepare it and write the report.

    Args:
        source: path or address of a CSV or Parquet file; empty takes the plan's.
        digest: sha256:… the table must have; empty accepts any.
        settings: JSON of {"data", "refine", "preparation": sections of the plan, "max_features": number};
            "refine" is not used yet, it is part of the cache key.
        dataset: where the dataset folder goes.
        report: where the page of the report goes.
        summary: where its Markdown goes.
        attempts: how often a passing fault of the source is tried at all.
        on_progress: called with a message, the steps done and their number.

    Raises:
        DataError: the table cannot be used; the code says why.
    """
    given = json.loads(settings)
    data = DataSection.model_validate(given["data"]).replaced(digest=digest)
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
        prepared = prepare(
            resolve_source(source or data.source, Path.cwd(), Path(work), attempts=attempts),
            data,
            PreparationSection.model_validate(given["preparation"]),
            dataset,
            max_features=given["max_features"],
            on_progress=on_progress,
        )
    write_report(preparation_report(prepared), report, summary)
    return prepared
