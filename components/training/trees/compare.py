"""Whether `model.onnx` predicts on hostile rows what LightGBM predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import TrainingError
from sevenfold.training.data import TrainingData
from sevenfold.training.trees.features import feature_matrix
from sevenfold.training.trees.hostile import hostile_feeds
from sevenfold.training.trees.text import Tree

__all__ = ["compare_hostile", "hostile_rows", "sums_of_file"]

ROWS: Final = 100_000
LEAST_ROWS: Final = 10_000
WORK: Final = 50_000_000  # rows times trees: about two seconds of CPU time
CHUNK: Final = 20_000
TOLERANCE: Final = 1e-9  # of sums of trees, relative where they are above 1; seen is 1e-13
ERRORS_ONLY: Final = 3


def hostile_rows(trees: int) -> int:
    """Return how many rows are compared: 100 000, and fewer, down to 10 000, from 500 trees on."""
    return max(LEAST_ROWS, min(ROWS, WORK // max(1, trees)))


def compare_hostile(
    booster: Any, blocks: Sequence[str], data: TrainingData, model: bytes, *, threads: int
) -> float:
    """Return the largest difference between the sums of LightGBM's trees and the file's, before sigmoid or softmax.

    Args:
        booster: LightGBM's model.
        blocks: its trees.
        data: gives the transform, and real rows to begin from.
        model: the file.
        threads: CPU threads.

    Raises:
        TrainingError: ``export_differs`` above 1e-9, relative to sums above 1. Probabilities differ by less.
    """
    trees = [Tree.of(block) for block in blocks]
    feeds = hostile_feeds(trees, data.transform, data.feeds("validation"), hostile_rows(len(trees)))
    count, largest = len(next(iter(feeds.values()))), 0.0
    session = sums_of_file(model, threads)
    for begin in range(0, count, CHUNK):
        chunk = {name: values[begin : begin + CHUNK] for name, values in feeds.items()}
        expected = booster.predict(feature_matrix(data.transform, chunk), raw_score=True, num_threads=threads)
        expected = np.asarray(expected).reshape(len(expected), -1)
        difference = np.abs(session(chunk) - expected) / np.maximum(1.0, np.abs(expected))
        largest = max(largest, float(difference.max()))
        if not largest <= TOLERANCE:
            raise TrainingError(
                "export_differs",
                f"model.onnx must add up trees as LightGBM does within {TOLERANCE:g}, but differs by {largest:.3g}.",
                remedy="Please report it, with the versions of lightgbm and onnxruntime.",
            )
    return largest


def sums_of_file(model: bytes, threads: int) -> Any:
    """Return a function from feeds to what the trees of `model.onnx` add up to, float64 ``[rows, outputs]``."""
    import onnx
    import onnxruntime
    from onnx import helper

    changed = onnx.ModelProto.FromString(model)
    node = next(node for node in changed.graph.node if node.op_type == "TreeEnsemble")
    del changed.graph.output[:]
    changed.graph.output.append(helper.make_tensor_value_info(node.output[0], onnx.TensorProto.DOUBLE, ["rows", None]))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = ERRORS_ONLY
    session = onnxruntime.InferenceSession(
        changed.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )

    def sums(feeds: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
        outputs: NDArray[np.float64] = session.run(None, dict(feeds))[0]
        return outputs

    return sums
