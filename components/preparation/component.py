"""Stage 2, preparation: read, check, split, fit the transform."""

# No `from __future__ import annotations` here: kfp reads the signature's types.
from kfp import dsl
from kfp.dsl import HTML, Dataset, Markdown, Output

from sevenfold.images import PREPARE


@dsl.component(base_image=PREPARE, install_kfp_package=False)
def prepare_data(
    data: str,
    data_digest: str,
    settings: str,
    dataset: Output[Dataset],
    report: Output[HTML],
    summary: Output[Markdown],
) -> None:
    """Read a table strictly, split it, fit the transform on the training rows, and seal the dataset.

    Args:
        data: Where the table is: a path, or an http(s)://, s3:// or gs:// address; empty takes the plan's.
        data_digest: sha256:… the table must have; empty accepts any.
        settings: Canonical JSON of {"data", "refine", "preparation": sections of the plan, "max_features": number}.
        dataset: Folder with train, validation, test (and later) rows, schema, transform, reference bins, quarantine.
        report: What was found, as a page.
        summary: The same as Markdown.
    """
    from sevenfold.runtime.failure import stage_boundary

    with stage_boundary("preparation"):
        from pathlib import Path

        from sevenfold.preparation.stage import run_preparation

        run_preparation(
            data,
            data_digest,
            settings,
            out=Path(dataset.path),
            page=Path(report.path),
            summary=Path(summary.path),
        )
