"""LightGBM's model text: its trees as blocks, read, renumbered and joined.

A model's text is a head, a block per tree and a tail. The parameters in LightGBM's own tail name the machine's threads,
and its head holds the smallest and largest value of every column; neither is needed to predict, so neither is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.schema import Task

__all__ = ["CATEGORICAL", "DEFAULT_LEFT", "MISSING_NAN", "Tree", "join_text", "tree_blocks"]

VERSION: Final = "v4"
CATEGORICAL, DEFAULT_LEFT = 1, 2  # bits of a decision type; the two above them say what counts as missing
MISSING_ZERO, MISSING_NAN = 1, 2
END: Final = "end of trees"


@dataclass(frozen=True)
class Tree:
    """One tree: arrays of its splits, and the values of its leaves.

    A child that is not negative is a split, any other is the leaf ``~child``. Without a split there is one leaf.
    """

    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    decision: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    leaves: NDArray[np.float64]
    sets: tuple[tuple[int, ...], ...]  # of the categorical splits, whose threshold is the index of their set

    @classmethod
    def of(cls, block: str) -> Tree:
        """Read a block.

        Raises:
            TrainingError: ``not_exportable`` for a tree that is more than splits and constants.
        """
        entries = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        tree = cls(
            feature=_integers(entries, "split_feature"),
            threshold=np.array(entries.get("threshold", "").split(), dtype=np.float64),
            decision=_integers(entries, "decision_type"),
            left=_integers(entries, "left_child"),
            right=_integers(entries, "right_child"),
            leaves=np.array(entries["leaf_value"].split(), dtype=np.float64),
            sets=_sets(_integers(entries, "cat_boundaries"), _integers(entries, "cat_threshold")),
        )
        if entries.get("is_linear", "0") != "0" or ((tree.decision >> 2) == MISSING_ZERO).any():
            raise TrainingError(
                "not_exportable",
                "A tree must have constant leaves, and NaN alone for missing, but LightGBM made another one.",
            )
        return tree


def tree_blocks(text: str) -> list[str]:
    """Return the trees of a model's text, without their numbers."""
    trees = text.split(f"\n{END}", 1)[0].split("\nTree=")[1:]
    return [tree.split("\n", 1)[1].strip("\n") for tree in trees]


def join_text(blocks: Sequence[str], task: Task, classes: int, features: int) -> str:
    """Return the text of the model that has these trees, as LightGBM reads it.

    Args:
        blocks: in the order of rounds; of several classes, a tree per class and round.
        task: decides what becomes of the sum.
        classes: how many there are.
        features: how many columns.
    """
    outputs = classes if task is Task.MULTICLASS else 1
    objective = {
        Task.BINARY: "binary sigmoid:1",
        Task.MULTICLASS: f"multiclass num_class:{classes}",
        Task.REGRESSION: "regression",
    }
    trees = [f"Tree={number}\n{block}\n\n\n" for number, block in enumerate(blocks)]
    head: dict[str, Any] = {
        "version": VERSION,
        "num_class": outputs,
        "num_tree_per_iteration": outputs,
        "label_index": 0,
        "max_feature_idx": features - 1,
        "objective": objective[task],
        "feature_names": " ".join(f"Column_{index}" for index in range(features)),
        "feature_infos": " ".join(["none"] * features),
        "tree_sizes": " ".join(str(len(tree.encode())) for tree in trees),
    }
    lines = "".join(f"{name}={value}\n" for name, value in head.items())
    return f"tree\n{lines}\n{''.join(trees)}{END}\n"


def _integers(entries: dict[str, str], name: str) -> NDArray[np.int64]:
    return np.array(entries.get(name, "").split(), dtype=np.int64)


def _sets(boundaries: NDArray[np.int64], words: NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    """Return the categories of each set; a set is a row of words of 32 bits, a bit per category."""
    return tuple(
        tuple(
            32 * index + bit
            for index, word in enumerate(words[begin:end].tolist())
            for bit in range(32)
            if word >> bit & 1
        )
        for begin, end in zip(boundaries[:-1].tolist(), boundaries[1:].tolist(), strict=True)
    )
