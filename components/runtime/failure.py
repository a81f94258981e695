"""How a stage fails: one JSON line last in the log, `error.json` in the run, and what the platform shows of a failure.

Kubeflow keeps neither the exit status nor the cause of a failed task, so every component's body stands in
`stage_boundary`. Kubernetes shows a pod's termination message, SageMaker the start of a file of the job.
"""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path

from sevenfold.contracts.canonical import canonical_json, write_whole
from sevenfold.contracts.errors import MESSAGE_LIMIT, SevenfoldError
from sevenfold.runtime.environment import in_cluster, run_folder, wants_traceback
from sevenfold.runtime.machine_fault import machine_fault

__all__ = ["ERROR_FILE", "stage_boundary"]

ERROR_FILE = "error.json"
TERMINATION_LOG = Path("/dev/termination-log")
TERMINATION_BYTES = 4_096  # Kubernetes keeps no more
JOB_MESSAGE_BYTES = 1_024  # SageMaker keeps no more


@contextlib.contextmanager
def stage_boundary(stage: str, *, message: Path | None = None) -> Iterator[None]:
    """Run a component's body; on an error write its cause wherever a person looks, then exit with 1.

    Args:
        stage: the name of the stage, for the cause.
        message: the file whose first kibibyte SageMaker shows of a job that failed; None writes none.

    Raises:
        SystemExit: with status 1 after any exception; the JSON line carries the error's own exit status.
    """
    try:
        yield
    except Exception as error:
        failure = error if isinstance(error, SevenfoldError) else machine_fault(error) or _unexpected(error)
        if wants_traceback():
            traceback.print_exception(error)
        cause = {"stage": stage, **failure.to_dict()}
        line = _line(cause)
        _leave(line, cause, message)
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        raise SystemExit(1) from None


def _unexpected(error: Exception) -> SevenfoldError:
    where = traceback.extract_tb(error.__traceback__)[-1]
    at = f"{Path(where.filename).name}:{where.lineno}"
    internal = SevenfoldError(
        "internal",
        f"No error was expected here, but got {type(error).__name__} at {at}: {str(error)[:500]}",
        remedy="Set SEVENFOLD_TRACEBACK=1 to see all of it, and report it.",
    )
    internal.__cause__ = error
    return internal


def _line(cause: Mapping[str, object], limit: int = MESSAGE_LIMIT) -> str:
    cut = {key: value[:limit] if isinstance(value, str) else value for key, value in cause.items()}
    # half a surrogate pair, from a damaged text, cannot be written
    return canonical_json(cut).encode(errors="replace").decode()


def _leave(line: str, cause: Mapping[str, object], message: Path | None) -> None:
    folder = run_folder()
    # a disk that is full must not hide the cause from the log
    with contextlib.suppress(OSError):
        if folder is not None and not (folder / ERROR_FILE).exists():
            write_whole(folder / ERROR_FILE, (line + "\n").encode())
    if in_cluster():
        with contextlib.suppress(OSError):
            TERMINATION_LOG.write_bytes(_fitting(cause, TERMINATION_BYTES))
    if message is not None:
        with contextlib.suppress(OSError):
            message.parent.mkdir(parents=True, exist_ok=True)
            shown = {key: value for key, value in cause.items() if key not in ("cause", "kind", "retryable")}
            message.write_bytes(_fitting(shown, JOB_MESSAGE_BYTES))


def _fitting(cause: Mapping[str, object], most: int) -> bytes:
    """Return the line, its texts cut until it fits: what is longer would be cut by the platform, amid the JSON."""
    for limit in (MESSAGE_LIMIT, 500, 250, 100, 50):
        message = _line(cause, limit).encode()
        if len(message) <= most:
            break
    return message
