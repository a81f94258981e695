"""Whether `model.onnx` predicts on hostile rows what LightGBM predicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.schema import Task
from sevenfold.training.data import TrainingData
from sevenfold.training.trees.features import feature_matrix
from sevenfold.training.trees.hostile import hostile_feeds
from sevenfold.training.trees.text import Tree

__all__ = ["compare_hostile", "hostile_rows"]

ROWS: Final = 100_000
LEAST_ROWS: Final = 10_000
WORK: Final = 50_000_000  # rows times trees: about two seconds of CPU time
CHUNK: Final = 20_000
SUM_TOLERANCE: Final = 1e-9  # of sums of trees, relative where they are above 1; seen is 1e-13
TOLERANCE: Final = 1e-6  # of probabilities, which the file gives in single precision, and of values
ERRORS_ONLY: Final = 3


def hostile_rows(trees: int) -> int:
    """Return how many rows are compared: 100 000, and fewer, down to 10 000, from 500 trees on."""
    return max(LEAST_ROWS, min(ROWS, WORK // max(1, trees)))


def compare_hostile(booster: Any, blocks: Sequence[str], data: TrainingData, model: bytes, *, threads: int) -> float:
    """Return the largest difference between LightGBM's sums of trees and the file's, before sigmoid or softmax.

    Args:
        booster: LightGBM's model.
        blocks: its trees.
        data: gives the transform, and real rows to begin from.
        model: the file.
        threads: CPU threads.

    Raises:
        TrainingError: ``export_differs`` where sums differ by more than 1e-9, relative to sums above 1, or
            probabilities, or standardised values, by more than 1e-6.
    """
    trees = [Tree.of(block) for block in blocks]
    feeds = hostile_feeds(trees, data.transform, data.feeds("validation"), hostile_rows(len(trees)))
    count, largest, run = len(next(iter(feeds.values()))), 0.0, _session(model, threads)
    for begin in range(0, count, CHUNK):
        chunk = {name: values[begin : begin + CHUNK] for name, values in feeds.items()}
        matrix = feature_matrix(data.transform, chunk)
        expected = booster.predict(matrix, raw_score=True, num_threads=threads).reshape(len(matrix), -1)
        sums, predicted = run(chunk)
        largest = max(largest, _checked(sums, expected, np.maximum(1.0, np.abs(expected)), SUM_TOLERANCE))
        wanted = _prediction(expected, data)
        scale = np.maximum(np.abs(wanted), data.transform.target.scale) if predicted.ndim == 1 else np.ones(1)
        _checked(predicted, wanted, scale, TOLERANCE)
    return largest


def _checked(given: NDArray[Any], expected: NDArray[np.float64], scale: NDArray[np.float64], most: float) -> float:
    largest = float((np.abs(given - expected) / scale).max(initial=0.0))
    if not largest <= most:
        raise TrainingError(
            "export_differs",
            f"model.onnx must predict what LightGBM predicts within {most:g}, but differs by {largest:.3g}.",
            remedy="Please report it, with the versions of lightgbm and onnxruntime.",
        )
    return largest


def _prediction(sums: NDArray[np.float64], data: TrainingData) -> NDArray[np.float64]:
    """Return what LightGBM makes of sums of trees: probabilities ``[rows, classes]``, or values ``[rows]``."""
    if data.signature.task is Task.REGRESSION:
        target = data.transform.target
        values: NDArray[np.float64] = sums[:, 0] * target.scale + target.mean
        return values
    if data.signature.task is Task.BINARY:
        sums = np.concatenate([np.zeros_like(sums), sums], axis=1)
    powers = np.exp(sums - sums.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float64)


def _session(model: bytes, threads: int) -> Callable[[Mapping[str, NDArray[Any]]], list[NDArray[Any]]]:
    """Return a function from feeds to what the trees of `model.onnx` add up to, and to its last output."""
    import onnx
    import onnxruntime
    from onnx import helper

    changed = onnx.ModelProto.FromString(model)
    sums = next(node for node in changed.graph.node if node.op_type == "TreeEnsemble").output[0]
    changed.graph.output.append(helper.make_tensor_value_info(sums, onnx.TensorProto.DOUBLE, ["rows", None]))
    wanted = [sums, changed.graph.output[-2].name]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = ERRORS_ONLY
    session = onnxruntime.InferenceSession(changed.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def run(feeds: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        return list(session.run(wanted, dict(feeds)))

    return run
