"""Read the settings that a search begins with from the study of an earlier run.

They are written into the plan when a run starts. So a task needs no access to the earlier run, Kubeflow's cache sees
when they change, and the same start gives the same study wherever it runs.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.manifest import MANIFEST, verify
from sevenfold.contracts.study import BEST_FILE, TRIALS_FILE, Best
from sevenfold.pipelines.runs import RunFolder
from sevenfold.plan import Plan
from sevenfold.plan.training import Framework, ModelChoice, TrainingSection
from sevenfold.tables.source import resolve_source, shown

__all__ = ["with_warm_start"]

MAX_BYTES = 64 << 20


def with_warm_start(plan: Plan, base: Path) -> Plan:
    """Return the plan with the best settings of the study that it names, and the study's digest in place of its path.

    A plan that names none, or has read it, is returned as it is. Trials of a kind of model that the plan does not try
    are left out, and of equal settings the later ones. Only settings are taken: scores are of the earlier rows.

    Args:
        plan: the plan.
        base: what a relative path starts from.

    Raises:
        DataError: ``no_study``, ``no_trials``; as `resolve_source` for an address.
        IntegrityError: for a study that is not what was sealed.
    """
    start = plan.tuning.warm_start
    if not start.unread or not plan.tuning.trials:
        return plan
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
        folder = _folder(start.study, base, Path(work))
        digest, best = verify(folder).digest, Best.read(folder)
        trials = json.loads((folder / TRIALS_FILE).read_bytes())
    settings = tuple(_best_settings(trials, best, plan.training, start.trials))
    if not settings:
        raise DataError(
            "no_trials",
            f"tuning.warm_start.study must have trials of a kind of model that the plan tries, but "
            f"{shown(start.study)!r} has none.",
            remedy="Name the run of another plan, or remove warm_start.",
        )
    read = start.model_copy(update={"study": digest, "settings": settings})
    return plan.model_copy(update={"tuning": plan.tuning.model_copy(update={"warm_start": read})})


def _folder(study: str, base: Path, work: Path) -> Path:
    """Return the folder of a study: the one named, that of the run named, or a copy of what lies elsewhere."""
    if "://" in study:
        for name in (MANIFEST, BEST_FILE, TRIALS_FILE):
            fetched = resolve_source(f"{study.rstrip('/')}/{name}", base, work, max_bytes=MAX_BYTES, what="study")
            fetched.rename(work / name)
        return work
    named = base / study
    folder = named if (named / BEST_FILE).is_file() else RunFolder(named).artifact("tune-model", "study")
    if folder is None or not (folder / BEST_FILE).is_file():
        raise DataError(
            "no_study",
            f"tuning.warm_start.study must name a run with a finished search, but {study!r} is none.",
            remedy="Name a folder such as runs/NAME/1; it starts from the plan's folder.",
        )
    return folder


def _best_settings(
    trials: Iterable[Mapping[str, Any]], best: Best, training: TrainingSection, most: int
) -> Iterable[dict[str, Any]]:
    scored = [trial for trial in trials if trial["state"] == "complete" and _tried(training, trial.get("model", ""))]
    of_best = [trial["score"] for trial in trials if trial["state"] == "complete" and trial.get("model") == best.model]
    # The study does not say whether more is better, but its best trial does.
    sign = 1.0 if of_best and best.score == max(of_best) else -1.0
    scored.sort(key=lambda trial: (-sign * trial["score"], trial["number"]))
    taken: dict[str, list[dict[str, Any]]] = {}
    for trial in scored:
        kind = trial.get("model", "")
        start = f"{kind}." if training.leaves_choice else ""
        settings = {start + name: value for name, value in trial["settings"].items()}
        of_kind = taken.setdefault(kind, [])
        if settings not in of_kind and len(of_kind) < most:
            of_kind.append(settings)
            yield settings


def _tried(training: TrainingSection, kind: str) -> bool:
    """Return whether the plan tries a kind of model, without loading a source of its own."""
    if training.framework is Framework.ONNX:
        return kind == "onnx"
    if training.leaves_choice:
        return kind in (ModelChoice.TREES.value, ModelChoice.LINEAR.value, ModelChoice.NETWORK.value)
    if training.source or training.framework is Framework.TENSORFLOW or training.model is ModelChoice.AUTO:
        return kind == ModelChoice.NETWORK.value
    return kind == training.model.value
