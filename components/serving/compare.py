"""Send every test row through the predictor: what is served must be what was tested."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import IntegrityError, ServingError
from sevenfold.contracts.schema import Task
from sevenfold.contracts.service import REFINED_ROWS, REPLAY_HEADER, REPLAY_VALUE, ROWS_HEADER
from sevenfold.contracts.signature import Signature
from sevenfold.contracts.threshold import DEFAULT_THRESHOLD
from sevenfold.plan.deployment import Runtime
from sevenfold.scoring.client import InferenceClient
from sevenfold.scoring.feeds import Feeds, feeds_from_table
from sevenfold.scoring.tensorflow_client import TensorFlowClient
from sevenfold.serving.labels import wrong_labels

__all__ = ["PROBABILITY_LIMIT", "VALUE_LIMIT", "Comparison", "compare"]

PROBABILITY_LIMIT = 1e-6  # largest absolute difference
VALUE_LIMIT = 1e-5  # largest difference relative to max(1, |tested value|)
TENSORFLOW_LIMIT = 1e-5  # of both kinds: its SavedModel agrees with `model.onnx` to no more than that
SINGLE_ROWS = 200  # sent one by one, for the latency
NOT_TESTED = "The service does not run the model that was tested: do not use it."
REPLAY = {REPLAY_HEADER: REPLAY_VALUE, ROWS_HEADER: REFINED_ROWS}

Predicted = NDArray[np.float64]


class Comparison(BaseModel):
    """Served against tested predictions; latencies in milliseconds, of requests of one row, measured by the client."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    requests: int
    difference: float
    limit: float
    single_requests: int = 0
    latency_p50_ms: float = 0.0
    latency_p95_ms: float = 0.0
    latency_p99_ms: float = 0.0

    @property
    def agrees(self) -> bool:
        """Whether served and tested predictions are the same, up to the limit."""
        return self.difference <= self.limit


def compare(
    url: str,
    name: str,
    dataset: Dataset,
    signature: Signature,
    evaluation: Path,
    *,
    max_batch: int,
    runtime: Runtime = Runtime.SEVENFOLD,
    threshold: float = DEFAULT_THRESHOLD,
) -> Comparison:
    """Replay the test rows in batches, then some one by one, all marked as a replay.

    Our runtime is queried over V2 binary, TensorFlow Serving over V1.

    Args:
        url: the predictor's address.
        name: the served name.
        dataset: its test rows are sent.
        signature: the bundle's.
        evaluation: a verified evaluation folder; its predictions are in the order of the test rows.
        max_batch: most rows of one request.
        runtime: the server that answers.
        threshold: the bundle's; our runtime must give each row the label that follows.

    Raises:
        ServingError: ``served_differs``, or what the client raises.
        IntegrityError: ``rows_differ`` if the evaluation is not of this dataset.
    """
    tested = _tested(evaluation, signature)
    feeds = feeds_from_table(dataset.table("test", list(signature.inputs)), signature.inputs)
    total = len(tested)
    if len(next(iter(feeds.values()))) != total:
        raise IntegrityError("rows_differ", f"The evaluation must have a prediction per test row, but has {total}.")
    tensorflow = runtime is Runtime.TENSORFLOW_SERVING
    kind = TensorFlowClient if tensorflow else InferenceClient
    with kind(url, name, timeout_seconds=60.0) as client:
        answers = [_answer(client, _rows(feeds, at, at + max_batch)) for at in range(0, total, max_batch)]
        difference, limit = _difference(np.concatenate([one for one, _ in answers]), tested, signature.task)
        limit = TENSORFLOW_LIMIT if tensorflow else limit
        seconds = _single(client, feeds, total)
    comparison = Comparison(
        rows=total,
        requests=len(answers),
        difference=difference,
        limit=limit,
        single_requests=len(seconds),
        **_percentiles(seconds),
    )
    if not comparison.agrees:
        raise ServingError(
            "served_differs",
            f"Served and tested predictions may differ by {limit:g}, but differ by {difference:g} "
            f"over {total} test rows.",
            remedy=NOT_TESTED,
        )
    if signature.classes and not tensorflow:
        labels = [label for _, given in answers for label in given]
        _check_labels(wrong_labels(labels, tested, signature.classes, threshold=threshold, within=limit), total)
    return comparison


def _check_labels(wrong: int, total: int) -> None:
    if wrong:
        raise ServingError(
            "served_differs",
            f"A service must give each row the class that was tested, but gives another to {wrong:,} of {total:,}.",
            remedy=NOT_TESTED,
        )


def _tested(folder: Path, signature: Signature) -> Predicted:
    import pyarrow.parquet as pq

    table = pq.read_table(folder / "predictions.parquet")
    names = ["value"] if signature.task is Task.REGRESSION else [f"p{i}" for i in range(len(signature.classes))]
    columns = [table.column(name).to_numpy().astype(np.float64) for name in names]
    return np.stack(columns, axis=1)


def _rows(feeds: Feeds, start: int, stop: int) -> Feeds:
    return {name: values[start:stop] for name, values in feeds.items()}


def _answer(client: InferenceClient, feeds: Feeds) -> tuple[Predicted, list[str]]:
    """Return probabilities or values, and the labels; none for a regression."""
    outputs: dict[str, NDArray[Any]] = client.infer(feeds, headers=REPLAY)
    values = outputs["value"] if "value" in outputs else outputs["probabilities"]
    labels = outputs["label"].tolist() if "label" in outputs else []
    return values.astype(np.float64).reshape(len(values), -1), labels


def _difference(served: Predicted, tested: Predicted, task: Task) -> tuple[float, float]:
    gap = np.abs(served - tested)
    if task is Task.REGRESSION:
        return float(np.max(gap / np.maximum(1.0, np.abs(tested)))), VALUE_LIMIT
    return float(np.max(gap)), PROBABILITY_LIMIT


def _single(client: InferenceClient, feeds: Feeds, total: int) -> list[float]:
    indices = np.linspace(0, total - 1, min(SINGLE_ROWS, total)).astype(int).tolist()
    seconds = []
    for index in indices:
        row = _rows(feeds, index, index + 1)
        started = time.perf_counter()
        client.infer(row, headers=REPLAY)
        seconds.append(time.perf_counter() - started)
    return seconds


def _percentiles(seconds: list[float]) -> dict[str, float]:
    percentiles = np.percentile(np.array(seconds) * 1000, [50, 95, 99]).round(3).tolist()
    return dict(zip(("latency_p50_ms", "latency_p95_ms", "latency_p99_ms"), percentiles, strict=True))
