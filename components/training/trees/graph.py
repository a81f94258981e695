"""LightGBM's trees as ONNX: `TreeEnsemble` of ai.onnx.ml 5, whose thresholds and leaves are double.

The converters of LightGBM's models store thresholds as float32, which sends values next to a threshold to other leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sevenfold.contracts.schema import Column
from sevenfold.contracts.transform import Target, Transform
from sevenfold.training.export.graph import raw_inputs
from sevenfold.training.export.join import class_outputs, last_prefix, model_bytes, value_output
from sevenfold.training.export.writer import IR_VERSION, ML, OPSET, GraphWriter, free_prefix
from sevenfold.training.trees.columns import write_columns
from sevenfold.training.trees.text import CATEGORICAL, DEFAULT_LEFT, MISSING_NAN, Tree

if TYPE_CHECKING:
    import onnx

__all__ = ["trees_bytes"]

ML_TREES: Final = 5  # the opset of ai.onnx.ml that has TreeEnsemble
LEQ, MEMBER = 0, 6  # modes of a node
SUM, NO_TRANSFORM = 1, 0
ZERO: Final = float(np.float32(1e-35))  # LightGBM's kZeroThreshold


def trees_bytes(blocks: Sequence[str], transform: Transform, inputs: Mapping[str, Column]) -> bytes:
    """Return the bytes of `model.onnx`; equal trees give equal bytes.

    Args:
        blocks: the trees, in the order of rounds.
        transform: what the columns of the trees are, and the target.
        inputs: the raw columns, as the bundle's signature has them.
    """
    from onnx import helper

    raw = raw_inputs(inputs)
    names = [entry.name for entry in raw]
    writer = GraphWriter(free_prefix("pre:", names))
    last = GraphWriter(last_prefix(names))
    count = len(transform.target.classes)
    columns = write_columns(writer, transform, names[0])
    total = writer.add("TreeEnsemble", columns, domain=ML, **_ensemble(blocks, count if count > 2 else 1))
    outputs = _prediction(last, total, transform.target, names)
    nodes, constants = [*writer.nodes, *last.nodes], [*writer.constants, *last.constants]
    graph = helper.make_graph(nodes, "trees", raw, outputs, constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_TREES)]
    return model_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="sevenfold"))


def _prediction(writer: GraphWriter, total: str, target: Target, names: list[str]) -> list[Any]:
    """Write the step from the trees' sums to the prediction, in double until probabilities are given."""
    from onnx import TensorProto

    if not target.classes:
        return value_output(writer, total, target, names)
    if len(target.classes) == 2:
        both = writer.add("Mul", total, writer.constant([[-1.0, 1.0]], np.float64))
        probabilities = writer.add("Sigmoid", both)
    else:
        probabilities = writer.add("Softmax", total, axis=1)
    return class_outputs(writer, "Cast", probabilities, target, names, to=TensorProto.FLOAT)


@dataclass
class _Nodes:
    """The attributes of a `TreeEnsemble` while its trees are added, one number per node or leaf."""

    feature: list[int] = field(default_factory=list)
    mode: list[int] = field(default_factory=list)
    split: list[float] = field(default_factory=list)
    missing_true: list[int] = field(default_factory=list)
    children: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))  # true, false
    to_leaf: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))
    members: list[float] = field(default_factory=list)
    roots: list[int] = field(default_factory=list)
    leaf: list[float] = field(default_factory=list)
    output: list[int] = field(default_factory=list)

    def add(self, tree: Tree, output: int) -> None:
        """Add a tree whose leaves count for one output."""
        first_node, first_leaf = len(self.mode), len(self.leaf)
        self.roots.append(first_node)
        if not len(tree.feature):
            tree = _with_one_split(tree)
        for node in range(len(tree.feature)):
            self._add_node(tree, node)
            for side, child in enumerate((int(tree.left[node]), int(tree.right[node]))):
                self.children[side].append(first_node + child if child >= 0 else first_leaf + ~child)
                self.to_leaf[side].append(int(child < 0))
        self.leaf += tree.leaves.tolist()
        self.output += [output] * len(tree.leaves)

    def _add_node(self, tree: Tree, node: int) -> None:
        decision, threshold = int(tree.decision[node]), float(tree.threshold[node])
        self.feature.append(int(tree.feature[node]))
        if decision & CATEGORICAL:
            # In the set is left; anything else, missing and never seen included, is right.
            self.mode.append(MEMBER)
            self.split.append(0.0)
            self.missing_true.append(0)
            self.members += [*map(float, tree.sets[int(threshold)]), float("nan")]
            return
        self.mode.append(LEQ)
        self.split.append(_around_zero(threshold))
        # LightGBM takes NaN for 0 in a column where training rows had none.
        knows_missing = decision >> 2 == MISSING_NAN
        self.missing_true.append(int(decision & DEFAULT_LEFT > 0 if knows_missing else threshold >= 0))


def _around_zero(threshold: float) -> float:
    """Return the threshold that sends every value to where LightGBM sends it, which reads values up to 1e-35 as 0."""
    if not -ZERO <= threshold < ZERO:
        return threshold
    return float(np.nextafter(-ZERO, -np.inf)) if threshold < 0 else ZERO


def _ensemble(blocks: Sequence[str], outputs: int) -> dict[str, Any]:
    """Return the attributes of the operator; the trees of a round count for its outputs in turn."""
    from onnx import numpy_helper

    nodes = _Nodes()
    for number, block in enumerate(blocks):
        nodes.add(Tree.of(block), number % outputs)

    def tensor(values: Sequence[float], dtype: type[np.generic]) -> onnx.TensorProto:
        return numpy_helper.from_array(np.array(values, dtype=dtype))

    attributes = {
        "aggregate_function": SUM,
        "leaf_targetids": nodes.output,
        "leaf_weights": tensor(nodes.leaf, np.float64),
        "n_targets": outputs,
        "nodes_falseleafs": nodes.to_leaf[1],
        "nodes_falsenodeids": nodes.children[1],
        "nodes_featureids": nodes.feature,
        "nodes_missing_value_tracks_true": nodes.missing_true,
        "nodes_modes": tensor(nodes.mode, np.uint8),
        "nodes_splits": tensor(nodes.split, np.float64),
        "nodes_trueleafs": nodes.to_leaf[0],
        "nodes_truenodeids": nodes.children[0],
        "post_transform": NO_TRANSFORM,
        "tree_roots": nodes.roots,
    }
    return {**attributes, "membership_values": tensor(nodes.members, np.float64)} if nodes.members else attributes


def _with_one_split(tree: Tree) -> Tree:
    """Return a tree of one leaf as one that splits for nothing: the operator knows no tree without a split."""
    return Tree(
        feature=np.zeros(1, dtype=np.int64),
        threshold=np.zeros(1),
        decision=np.zeros(1, dtype=np.int64),
        left=np.array([~0]),
        right=np.array([~1]),
        leaves=np.repeat(tree.leaves, 2),
        sets=(),
    )
