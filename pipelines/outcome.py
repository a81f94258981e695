"""The exit handler: whatever happened, the last task says how the run ended and, of a failure, why."""

# No `from __future__ import annotations` here: kfp reads the signature's types.
from kfp import dsl

from sevenfold.images import CONTROL

__all__ = ["report_outcome"]


@dsl.component(base_image=CONTROL, install_kfp_package=False)
def report_outcome(status: dsl.PipelineTaskFinalStatus) -> None:
    """Report how the run ended and, of a failure, its cause."""
    # Not beside this function: where a task runs, kfp has no decorators to import a component with.
    from sevenfold.contracts.environment import run_folder
    from sevenfold.contracts.failure import ERROR_FILE
    from sevenfold.pipelines.cause import describe_outcome

    folder = run_folder()
    left = folder / ERROR_FILE if folder else None
    text = left.read_text() if left is not None and left.is_file() else ""
    print(describe_outcome(status.state, status.error_message or "", text), flush=True)  # noqa: T201
