"""The systems that run a plan, looked up by name: only the one that is asked for is imported.

A target is a package of `sevenfold.pipelines` with a module ``target`` and in it a function ``make_target``. A new one
is a line in `TARGETS`, and a section of the plan under its name if it needs settings.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from sevenfold.contracts.errors import PolicyError

if TYPE_CHECKING:
    from rich.console import Console

    from sevenfold.pipelines.check import Check
    from sevenfold.pipelines.result import Result
    from sevenfold.plan import Plan

__all__ = ["DEFAULT_TARGET", "TARGETS", "PipelineTarget", "RunRequest", "find_target"]

DEFAULT_TARGET: Final = "kubeflow"
TARGETS: Final = {
    "kubeflow": "sevenfold.pipelines.kubeflow.target",
    "sagemaker": "sevenfold.pipelines.sagemaker.target",
    "vertex": "sevenfold.pipelines.vertex.target",
}


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """A plan to run elsewhere, and what to change of it for this run; None and "" take the plan's.

    `root` is the address below which the target keeps artifacts; "" takes the target's own, or that of its section.
    With `wait` the run is followed to its end.
    """

    plan_path: Path
    runs: Path = Path("runs")
    root: str = ""
    data: str = ""
    trials: int | None = None
    max_epochs: int | None = None
    seed: int | None = None
    wait: bool = True


class PipelineTarget(Protocol):
    """A system that runs plans. Every target draws the same lines, writes the same report, ends with the same states.

    Each method raises PolicyError or DataError where the target says no, with the remedy, and TemporaryError where it
    does not answer. Ctrl-C while a run is followed leaves the run running and raises typer.Exit with status 1.
    """

    def compile(self, plan: Plan, plan_path: Path, out: Path | None) -> tuple[str, ...]:
        """Write the pipeline's definition; return a sentence for each file: its name, and what to do with it.

        Args:
            plan: the validated plan.
            plan_path: its file, after which what is written is named.
            out: the file to write instead.
        """

    def submit(self, plan: Plan, asked: RunRequest, console: Console) -> Result | None:
        """Start a run; follow it to its end and return how it ended, or None where nobody waits for that."""

    def follow(self, run: str, *, runs: Path, root: str, console: Console) -> Result:
        """Follow a run, named by its id, the first letters of it or its folder, to its end, and fetch its results."""

    def checks(self, plan: Plan | None) -> Iterable[Check]:
        """Yield what a run there needs and what is missing; nothing is changed."""


def find_target(name: str, **options: Any) -> PipelineTarget:
    """Return a target by its name, made with its own options; nothing of another target is imported.

    Raises:
        PolicyError: ``target_unknown``.
        MissingExtraError: the target's packages are not installed.
    """
    if name not in TARGETS:
        raise PolicyError(
            "target_unknown",
            f"A target is one of {', '.join(TARGETS)}, but got {name!r}.",
            remedy=f"Leave --target out for {DEFAULT_TARGET}.",
        )
    made: PipelineTarget = importlib.import_module(TARGETS[name]).make_target(**options)
    return made
