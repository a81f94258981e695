"""Stage 1, design: profile the table and run the notebook."""

# No `from __future__ import annotations` here: kfp reads the signature's types.
from kfp import dsl
from kfp.dsl import HTML, Artifact, Markdown, Output

from sevenfold.images import PREPARE


@dsl.component(base_image=PREPARE, install_kfp_package=False)
def explore_data(
    data: str,
    settings: str,
    report: Output[HTML],
    summary: Output[Markdown],
    notebook: Output[Artifact],
    notebook_page: Output[HTML],
    data_digest: str = "",
) -> None:
    """Profile a table as the plan reads it, and run the plan's notebook, or the built-in one, on a sample of its rows.

    Nothing later depends on it: it is there for people. Values of sensitive columns appear in none of its outputs.

    Args:
        data: Where the table is: a path, or an http(s)://, s3:// or gs:// address; empty takes the plan's.
        settings: Canonical JSON of {"data", "refine", "design": sections of the plan, "split": its preparation.split}.
        report: What the table holds, as a page.
        summary: The same as Markdown.
        notebook: The executed notebook (.ipynb); it opens and runs again in JupyterLab.
        notebook_page: The executed notebook as a page.
        data_digest: sha256:… of the table; not read, but makes changed data a new cache key.
    """
    from sevenfold.runtime.failure import stage_boundary

    with stage_boundary("design"):
        from pathlib import Path

        from sevenfold.design.stage import run_design

        run_design(
            data,
            settings,
            page=Path(report.path),
            summary=Path(summary.path),
            notebook=Path(notebook.path),
            notebook_page=Path(notebook_page.path),
        )
