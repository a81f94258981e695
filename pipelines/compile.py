"""Compile a plan into the IR that Kubeflow Pipelines runs, or into the objects that register it with kubectl."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sevenfold.contracts.canonical import file_digest
from sevenfold.pipelines.stages import Part, Stages, pipeline_name
from sevenfold.plan import Plan

__all__ = ["compile_objects", "compile_plan", "local_files", "version_name"]


def compile_plan(
    plan: Plan,
    out: Path,
    *,
    part: Part = "whole",
    stages: Stages | None = None,
    plain: bool = False,
    cached: bool = True,
    max_forgetting: float | None = None,
) -> Path:
    """Write the pipeline of `plan` as KFP IR YAML to `out`; the same plan gives the same bytes.

    Args:
        plan: the plan; local files it names must lie where the pods find them, see `carry_inputs`.
        out: the file.
        part: all stages, those up to the test, or those after it; see `build_lifecycle`.
        stages: components of a team's own.
        plain: one YAML document, without nodes, Secrets, volume, pod security and the run's time limit.
        cached: whether design to training may be taken from Kubeflow's cache.
        max_forgetting: of a retraining; None for any other run.
    """
    from sevenfold.pipelines.lifecycle import build_lifecycle

    build = partial(build_lifecycle, plan, stages, part=part, plain=plain, cached=cached, max_forgetting=max_forgetting)
    return _compiled(build, out, {})


def compile_objects(
    plan: Plan, out: Path, *, part: Part = "whole", namespace: str = "", stages: Stages | None = None
) -> Path:
    """Write Kubeflow's `Pipeline` and `PipelineVersion` objects: ``kubectl apply -f`` registers the plan.

    The version is named by the digest of its content, as `submit` names it.
    """
    from kfp.compiler.compiler_utils import KubernetesManifestOptions

    from sevenfold.pipelines.lifecycle import build_lifecycle

    with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
        version = version_name(plan, compile_plan(plan, Path(work) / "pipeline.yaml", part=part, stages=stages))
    options = KubernetesManifestOptions(
        pipeline_name=pipeline_name(plan.name, part),
        pipeline_version_name=version,
        namespace=namespace or None,
        include_pipeline_manifest=True,
    )
    objects = {"kubernetes_manifest_options": options, "kubernetes_manifest_format": True}
    return _compiled(partial(build_lifecycle, plan, stages, part=part), out, objects)


def local_files(plan: Plan) -> tuple[str, ...]:
    """Return a sentence for each file of this machine that a plan names: compiling sends none of them."""
    named = (
        *(("data.source", source) for source in plan.data.sources),
        ("design.notebook", plan.design.notebook),
        ("training.source", plan.training.source),
        ("refine.recipe", plan.refine.recipe),
    )
    return tuple(
        f"{name} is {path!r}, a file of this machine, which no pod can read. Name an address, or use submit."
        for name, path in named
        if path and "://" not in path
    )


def version_name(plan: Plan, package: Path) -> str:
    """Return the name of a compiled plan's version: the plan's and the digest of the content."""
    return f"{plan.name}-{file_digest(package).removeprefix('sha256:')[:16]}"


def _compiled(build: Callable[[], Any], out: Path, objects: dict[str, Any]) -> Path:
    from kfp import compiler

    out.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        compiler.Compiler().compile(build(), str(out), **objects)
    return out
