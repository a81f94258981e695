"""Compile a plan into the IR that Kubeflow Pipelines runs."""

from __future__ import annotations

import warnings
from pathlib import Path

from sevenfold.pipelines.stages import Stages
from sevenfold.plan import Plan

__all__ = ["compile_plan"]


def compile_plan(plan: Plan, out: Path, *, stages: Stages | None = None) -> Path:
    """Write the pipeline of `plan` as KFP IR YAML to `out`; the same plan gives the same bytes."""
    from kfp import compiler

    from sevenfold.pipelines.lifecycle import build_lifecycle

    out.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        compiler.Compiler().compile(build_lifecycle(plan, stages), str(out))
    return out
