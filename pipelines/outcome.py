"""The exit handler: whatever happened, the last task says how the run ended and, of a failure, why."""

# No `from __future__ import annotations` here: kfp reads the signature's types.
from kfp import dsl
from sevenfold.images import CONTROL

__all__ = ["describe_outcome", "report_outcome"]


def describe_outcome(state: str, error: str, folder_error: str) -> str:
    """Return one sentence on how a run ended.

    Args:
        state: what the engine says: SUCCEEDED or COMPLETE, else FAILED or CANCELLED.
        error: the engine's own message, which never holds the cause.
        folder_error: the JSON line the failed stage left, or "".
    """
    import json

    if state in ("SUCCEEDED", "COMPLETE"):
        return "The run finished; the decision is in the testing stage's report."
    try:
        cause = json.loads(folder_error)
    except ValueError:
        return f"The run ended as {state}: {error or 'the log of the failed task holds the cause'}."
    return f"{cause['stage']} failed ({cause['code']}): {cause['message']} {cause['remedy']}".strip()


@dsl.component(base_image=CONTROL, install_kfp_package=False)
def report_outcome(status: dsl.PipelineTaskFinalStatus):
    """Report how the run ended and, of a failure, its cause."""
    from sevenfold.contracts.environment import run_folder
    from sevenfold.contracts.failure import ERROR_FILE
    from sevenfold.pipelines.outcome import describe_outcome

    folder = run_folder()
    left = folder / ERROR_FILE if folder else None
    text = left.read_text() if left is not None and left.is_file() else ""
    print(describe_outcome(status.state, status.error_message or "", text), flush=True)  # noqa: T201
