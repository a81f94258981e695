"""The testing stage: folders of a bundle and a dataset in; evaluation folder, report page and model card out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.canonical import write_whole
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.earlier import Earlier
from sevenfold.contracts.registry import LocalRegistry, Registry
from sevenfold.contracts.schema import Task
from sevenfold.plan.deployment import DeploymentSection, Target
from sevenfold.plan.metrics import default_metric
from sevenfold.plan.testing import TestingSection
from sevenfold.report.page import write_report
from sevenfold.runtime.environment import in_cluster, own_namespace, registry_folder
from sevenfold.runtime.progress import report_progress
from sevenfold.testing.card import model_card
from sevenfold.testing.curves import roc
from sevenfold.testing.evaluate import EvaluatedModel, evaluate
from sevenfold.testing.report import evaluation_report
from sevenfold.testing.rivals import earlier_of, rivals_of

__all__ = ["Outcome", "registry_of", "run_test"]

MAX_CONFUSION = 50  # classes that the Kubeflow page can show


@dataclass(frozen=True)
class Outcome:
    """What Kubeflow shows of a test: decision, scores, ROC curve (fpr, tpr, thresholds), confusion (names, counts).

    `decision` is "promote" or "refuse", on which the pipeline branches. An undecided model that is held for a person
    goes on to deployment, which gives it no traffic.
    """

    decision: str
    scores: dict[str, float]
    roc: tuple[list[float], list[float], list[float]] | None
    confusion: tuple[list[str], list[list[int]]] | None


def run_test(
    bundle: Path, dataset: Path, settings: str, *, registry: Registry | None, out: Path, page: Path, card: Path
) -> Outcome:
    """Test a bundle; write the evaluation, its report and its model card.

    Args:
        bundle: sealed bundle folder.
        dataset: sealed dataset folder.
        settings: JSON of {"testing": section of the plan, "name": its name, "allow_leakage": columns that may carry a
            nearly perfect score alone}, and of a retraining {"earlier": `Earlier`}, or {"max_forgetting": number} where
            the registry knows the dataset of the model that serves.
        registry: the promoted models, or None where there are none.
        out: evaluation folder to write and seal.
        page: HTML report to write.
        card: Markdown model card to write.

    Raises:
        SevenfoldError: as `evaluate`, `Bundle.open`, `Dataset.open`.
    """
    options = json.loads(settings)
    section = TestingSection.model_validate(options["testing"])
    candidate, rows = Bundle.open(bundle), Dataset.open(dataset)
    metric = section.metric or default_metric(candidate.signature.task)
    rivals = rivals_of(registry, metric) if registry else []

    def on_progress(message: str, done: int, total: int) -> None:
        report_progress("testing", message, done=done, total=total)

    earlier: Earlier | None = Earlier.model_validate(options["earlier"]) if "earlier" in options else None
    missing = ""
    if registry is not None and "max_forgetting" in options:
        earlier, missing = earlier_of(registry, rivals, options["max_forgetting"])
    tested = evaluate(
        candidate,
        rows,
        section,
        name=options["name"],
        rivals=rivals,
        allow_leakage=options.get("allow_leakage", ()),
        earlier=earlier,
        missing=missing,
        on_progress=on_progress,
    )
    out.mkdir(parents=True, exist_ok=True)
    _write_predictions(tested.predictions, out / "predictions.parquet")
    on_progress("writing the report", 6, 7)
    target = rows.schema.columns[rows.schema.target]
    write_report(evaluation_report(tested, hide_values=target.sensitive, seed=section.seed), page)
    write_whole(card, model_card(tested.evaluation, candidate.info).encode())
    tested.evaluation.save(out, rows=len(tested.predictions))
    return _outcome(tested)


def registry_of(settings: str) -> Registry | None:
    """Return the registry of the plan's promotions: beside the runs on one machine, in the namespace on a cluster.

    None where the predictor is a process inside the pod of a cluster, because nothing outlives that pod.

    Args:
        settings: as `run_test` takes.
    """
    folder = registry_folder()
    if folder is not None:
        return LocalRegistry(folder)
    options = json.loads(settings)
    section = DeploymentSection.model_validate(options.get("deployment", {}))
    if not in_cluster() or section.target is Target.LOCAL:
        return None
    from sevenfold.cluster.objects import Cluster
    from sevenfold.cluster.records import ClusterRegistry

    return ClusterRegistry(Cluster(section.namespace or own_namespace()), options["name"])


def _write_predictions(predictions: NDArray[Any], path: Path) -> None:
    """Write probabilities `[n, C]` as columns `p0` … `p<C-1>`, or values `[n]` as `value`, in the order given."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"value": predictions} if predictions.ndim == 1 else {f"p{i}": c for i, c in enumerate(predictions.T)}
    pq.write_table(pa.table(columns), path, compression="zstd", use_dictionary=False)


def _outcome(tested: EvaluatedModel) -> Outcome:
    evaluation = tested.evaluation
    curve = None
    if evaluation.task is Task.BINARY:
        rates = roc(tested.test.truth == 1, tested.test.predicted[:, 1])
        curve = (rates[0].tolist(), rates[1].tolist(), rates[2].tolist())
    table = None
    if 0 < len(evaluation.confusion) <= MAX_CONFUSION:
        table = (list(evaluation.classes), [list(row) for row in evaluation.confusion])
    decision = "promote" if evaluation.decision == "promote" or evaluation.waits else "refuse"
    return Outcome(decision, dict(evaluation.scores), curve, table)
