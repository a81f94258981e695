"""Follow a submitted plan to its end: the run, those that repeat it, its release."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING

from sevenfold.pipelines.ending import left_running
from sevenfold.pipelines.kubeflow.follow import follow
from sevenfold.pipelines.kubeflow.resubmit import why_again
from sevenfold.pipelines.kubeflow.split import awaits_release, release
from sevenfold.pipelines.view import RunView

if TYPE_CHECKING:
    from rich.console import Console

    from sevenfold.pipelines.kubeflow.engine import Engine
    from sevenfold.pipelines.kubeflow.submit import Submitted
    from sevenfold.pipelines.result import Result
    from sevenfold.pipelines.store import Store

__all__ = ["watch"]


def watch(
    sent: Submitted, engine: Engine, store: Store, console: Console, *, again: Callable[[], Submitted] | None = None
) -> Result:
    """Follow a run to its end, with `again` those that take its place after a task was killed, and then its release.

    Raises:
        typer.Exit: with status 1, after Ctrl-C.
    """
    with left_running(lambda: sent.run[:8]):
        for before in count():
            result = follow(sent, engine, store, RunView(console))
            reason = why_again(engine, sent.run, before) if again and result.state == "failed" else None
            if again is None or reason is None:
                break
            console.print(f"  {reason}", style="yellow", highlight=False, markup=False, soft_wrap=True)
            sent = again()
        return _release(sent, engine, store, console) if awaits_release(sent, result) else result


def _release(first: Submitted, engine: Engine, store: Store, console: Console) -> Result:
    """Start the second run of a split one, unless it was started before, and follow it."""
    second = release(first, engine)
    console.print(f"  release  {engine.link(second.run)}", highlight=False, soft_wrap=True)
    return follow(second, engine, store, RunView(console))
