"""Vertex AI Pipelines as a target: what `sevenfold compile`, `submit`, `follow` and `doctor` do there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.contracts.errors import PolicyError

if TYPE_CHECKING:
    from rich.console import Console

    from sevenfold.pipelines.check import Check
    from sevenfold.pipelines.result import Result
    from sevenfold.pipelines.store import Store
    from sevenfold.pipelines.targets import RunRequest
    from sevenfold.pipelines.vertex.run import VertexRun
    from sevenfold.pipelines.vertex.service import Service
    from sevenfold.plan import Plan

__all__ = ["VertexTarget", "make_target"]


@dataclass(frozen=True)
class VertexTarget:
    """Vertex AI Pipelines; all its settings are in the plan's section `vertex`."""

    def compile(self, plan: Plan, plan_path: Path, out: Path | None) -> tuple[str, ...]:
        """Write the IR as one document.

        Raises:
            PolicyError: ``vertex_section``, ``vertex_volume``, ``vertex_accelerator``.
        """
        from sevenfold.pipelines.compile import local_files
        from sevenfold.pipelines.vertex.definition import compile_for_vertex

        file = out or plan_path.with_suffix(".vertex.yaml")
        compile_for_vertex(plan, file)
        wrote = f"Wrote {file}: upload it in the console, or give it to aiplatform.PipelineJob as template_path."
        return (wrote, *local_files(plan))

    def submit(self, plan: Plan, asked: RunRequest, console: Console) -> Result | None:
        """Run a plan.

        Raises:
            PolicyError: ``vertex_…``, naming what mends it.
            DataError, TrainingError, TemporaryError: table, source, bucket or Vertex AI say no.
        """
        from sevenfold.pipelines.store import Store
        from sevenfold.pipelines.vertex.checks import require_images
        from sevenfold.pipelines.vertex.definition import vertex_section
        from sevenfold.pipelines.vertex.service import Service, console_page
        from sevenfold.pipelines.vertex.submit import submit

        section = vertex_section(plan)
        require_images(plan)
        service = Service(section)
        service.newest()  # who may not even look is refused before anything is sent
        store = Store(_root(asked.root) or section.root)
        sent = submit(asked, plan, service, store, lambda text: _dim(console, text))
        console.print(f"  run      {console_page(section, sent.run)}", highlight=False, soft_wrap=True)
        if asked.wait:
            return _watched(sent, service, store, console)
        console.print(f"  follow   sevenfold follow {sent.run}", highlight=False, soft_wrap=True)
        return None

    def follow(self, run: str, *, runs: Path, root: str, console: Console) -> Result:
        """Follow a run that was submitted from here.

        Raises:
            PolicyError: ``run_unknown``, ``run_ambiguous``, ``vertex_…``.
        """
        from sevenfold.pipelines.known_runs import find_known_run
        from sevenfold.pipelines.store import Store
        from sevenfold.pipelines.vertex.run import VertexRun
        from sevenfold.pipelines.vertex.service import Service
        from sevenfold.plan.vertex import VertexSection

        known = find_known_run(run, runs)
        if known is None or "vertex" not in known.values:
            raise PolicyError(
                "run_unknown",
                f"A run on Vertex AI is followed where it was submitted, but {run!r} is not in {runs}.",
                remedy="Name the folder of its runs with --runs.",
            )
        section = VertexSection.model_validate(known.values["vertex"])
        sent = VertexRun(known.run, known.name, known.folder)
        store = Store(_root(root) or known.values["root"])
        return _watched(sent, Service(section), store, console)

    def checks(self, plan: Plan | None) -> Iterable[Check]:
        """Yield what is missing for a run there; see `vertex_checks`."""
        from sevenfold.pipelines.vertex.checks import vertex_checks

        return vertex_checks(plan)


make_target = VertexTarget


def _root(root: str) -> str:
    if root and not root.startswith("gs://"):
        raise PolicyError(
            "vertex_root",
            f"Vertex AI keeps artifacts in a bucket of Google's, gs://…, but got {root!r}.",
            remedy="Leave --root out to take vertex.root.",
        )
    return root


def _watched(sent: VertexRun, service: Service, store: Store, console: Console) -> Result:
    from sevenfold.pipelines.ending import left_running
    from sevenfold.pipelines.vertex.follow import follow
    from sevenfold.pipelines.vertex.registry import register
    from sevenfold.pipelines.vertex.release import released
    from sevenfold.pipelines.view import RunView

    with left_running(lambda: sent.run):
        result = follow(sent, service, store, RunView(console))
        if result.state != "tested":
            return result
        model = register(sent, service)
        console.print(f"  model    {model}", highlight=False, soft_wrap=True)
        return released(sent, service, store, result, model, lambda text: _dim(console, text))


def _dim(console: Console, text: str) -> None:
    console.print(f"  {text}", style="dim", highlight=False, markup=False)
