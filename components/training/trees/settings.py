"""Settings of boosted trees: defaults, bounds, purpose, and the ranges that tuning searches.

What would make another model of the same text is not among them: zero as missing, linear leaves, random forests, DART.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from sevenfold.contracts.schema import Task
from sevenfold.plan.tuning import Dimension
from sevenfold.training.settings import Settings

__all__ = ["TreeSettings", "column_seed", "lightgbm_params", "tree_space"]

OBJECTIVES: Final = {Task.BINARY: "binary", Task.MULTICLASS: "multiclass", Task.REGRESSION: "regression"}
LEAST_SHARE: Final = 10  # a leaf needs no more than a tenth of the rows, or a small table would have no split
SEEDS: Final = 2**31 - 1


class TreeSettings(Settings):
    """How trees grow in LightGBM (Ke et al. 2017)."""

    learning_rate: Annotated[float, Field(gt=0, le=1, description="What each tree's values are multiplied with.")] = (
        0.05
    )
    leaves: Annotated[int, Field(ge=2, le=4096, description="Most leaves of a tree.")] = 31
    min_rows_in_leaf: Annotated[
        int, Field(ge=1, le=1_000_000_000, description="Fewest training rows of a leaf; at most a tenth of them.")
    ] = 20
    feature_fraction: Annotated[float, Field(gt=0, le=1, description="Share of the columns that a tree sees.")] = 0.5
    l2: Annotated[float, Field(ge=0, le=1e6, description="Penalty on the squares of the leaves' values.")] = 10.0
    bins: Annotated[int, Field(ge=2, le=4096, description="Most values of a column that splits tell apart.")] = 255
    single_levels: Annotated[
        int,
        Field(ge=1, le=4096, description="Most categories of a column whose splits take one of them; above, sets."),
    ] = 128
    level_smoothing: Annotated[
        float, Field(ge=0, le=1e6, description="Rows that smooth a category's mean where splits take sets.")
    ] = 50.0
    rounds: Annotated[int, Field(ge=1, le=1000, description="Boosting rounds of an epoch.")] = 35


def tree_space() -> dict[str, Dimension]:
    """Return the settings that tuning searches where the plan names none, each with its range."""
    return {
        "leaves": Dimension(low=7, high=127, log=True, integer=True),
        "learning_rate": Dimension(low=0.04, high=0.15, log=True),
        "feature_fraction": Dimension(low=0.3, high=0.8),
        "min_rows_in_leaf": Dimension(low=5, high=200, log=True, integer=True),
        "l2": Dimension(low=0.1, high=100.0, log=True),
    }


def lightgbm_params(
    settings: TreeSettings, task: Task, classes: int, rows: int, *, seed: int, threads: int
) -> dict[str, Any]:
    """Return the parameters of LightGBM; with equal ones and equal rows it grows equal trees, bit for bit.

    Args:
        settings: checked ones.
        task: decides the objective.
        classes: how many there are; 0 for values.
        rows: how many training rows.
        seed: decides which rows the bins are made from, where there are many; see `column_seed` for the columns.
        threads: CPU threads.
    """
    params = {
        "objective": OBJECTIVES[task],
        "metric": "none",
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": max(1, min(settings.min_rows_in_leaf, rows // LEAST_SHARE)),
        "feature_fraction": settings.feature_fraction,
        "feature_pre_filter": False,  # what bins are made must not depend on the rows of a leaf
        "lambda_l2": settings.l2,
        "max_bin": settings.bins,
        "max_cat_to_onehot": settings.single_levels,
        "cat_smooth": settings.level_smoothing,
        "cat_l2": settings.level_smoothing,
        "data_random_seed": seed % SEEDS,
        "num_threads": threads,
        "deterministic": True,
        "force_col_wise": True,
        "verbosity": -1,
    }
    return {**params, "num_class": classes} if task is Task.MULTICLASS else params


def column_seed(seed: int, epoch: int) -> int:
    """Return the seed from which an epoch draws the columns of its trees; that of the next epoch differs.

    LightGBM does not give away the state of its generators. With a generator for each epoch, a fit goes on after any
    epoch as if it had never stopped.
    """
    return (seed * 1_000_003 + epoch) % SEEDS
