"""The whole of testing: folders in, folder, page and model card out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.canonical import write_whole
from sevenfold.contracts.dataset import Dataset
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
from sevenfold.testing.evaluate import Tested, evaluate
from sevenfold.testing.report import evaluation_report
from sevenfold.testing.rivals import rivals_of

__all__ = ["Outcome", "registry_of", "run_test", "write_predictions"]

MAX_CONFUSION = 50  # classes that the Kubeflow page can show


@dataclass(frozen=True)
class Outcome:
    """What Kubeflow shows of a test: decision, scores, ROC curve (fpr, tpr, thresholds), confusion (names, counts)."""

    decision: str
    scores: dict[str, float]
    roc: tuple[list[float], list[float], list[float]] | None
    confusion: tuple[list[str], list[list[int]]] | None


def run_test(
    bundle: Path, dataset: Path, settings: str, *, registry: Registry | None, out: Path, page: Path, card: Path
) -> Outcome:
    """Test a bundle and write what was found.

    Args:
        bundle: sealed bundle folder.
        dataset: sealed dataset folder.
        settings: JSON of {"testing": section of the plan, "name": its name}.
        registry: what was promoted, or None where there is no memory.
        out: evaluation folder to write and seal.
        page: HTML report to write.
        card: Markdown model card to write.

    Raises:
        SevenfoldError: as `evaluate`, `Bundle.open`, `Dataset.open`.
    """
    given = json.loads(settings)
    section = TestingSection.model_validate(given["testing"])
    candidate, rows = Bundle.open(bundle), Dataset.open(dataset)
    metric = section.metric or default_metric(candidate.signature.task)
    rivals = rivals_of(registry, metric) if registry else []

    def say(message: str, done: int, total: int) -> None:
        report_progress("testing", message, done=done, total=total)

    tested = evaluate(candidate, rows, section, name=given["name"], rivals=rivals, say=say)
    out.mkdir(parents=True, exist_ok=True)
    write_predictions(tested.predictions, out / "predictions.parquet")
    say("writing the report", 6, 7)
    target = rows.schema.columns[rows.schema.target]
    write_report(evaluation_report(tested, hide_values=target.sensitive, seed=section.seed), page)
    write_whole(card, model_card(tested.evaluation, candidate.info).encode())
    tested.evaluation.save(out, rows=len(tested.predictions))
    return _outcome(tested)


def registry_of(settings: str) -> Registry | None:
    """Return what remembers the plan's promotions: beside the runs on one machine, on a cluster in its namespace.

    None where a predictor on a cluster is a process of the pod alone, and nothing outlives it.

    Args:
        settings: as `run_test` takes.
    """
    folder = registry_folder()
    if folder is not None:
        return LocalRegistry(folder)
    given = json.loads(settings)
    section = DeploymentSection.model_validate(given.get("deployment", {}))
    if not in_cluster() or section.target is Target.LOCAL:
        return None
    from sevenfold.cluster.api import Cluster
    from sevenfold.cluster.records import ClusterRegistry

    return ClusterRegistry(Cluster(section.namespace or own_namespace()), given["name"])


def write_predictions(predictions: NDArray[Any], path: Path) -> None:
    """Write probabilities `[n, C]` as columns `p0` … `p<C-1>`, or values `[n]` as `value`, in the order given."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"value": predictions} if predictions.ndim == 1 else {f"p{i}": c for i, c in enumerate(predictions.T)}
    pq.write_table(pa.table(columns), path, compression="zstd", use_dictionary=False)


def _outcome(tested: Tested) -> Outcome:
    found = tested.evaluation
    curve = None
    if found.task is Task.BINARY:
        rates = roc(tested.test.truth == 1, tested.test.predicted[:, 1])
        curve = (rates[0].tolist(), rates[1].tolist(), rates[2].tolist())
    table = None
    if 0 < len(found.confusion) <= MAX_CONFUSION:
        table = (list(found.classes), [list(row) for row in found.confusion])
    return Outcome(found.decision, dict(found.scores), curve, table)
