"""A row of the benchmarks against its target, from either side."""

from collections.abc import Callable
from types import ModuleType

import pytest


@pytest.fixture
def benchmarks(module: Callable[[str], ModuleType]) -> ModuleType:
    return module("rows")


@pytest.mark.parametrize(
    ("name", "ours", "peer", "cells"),
    [
        ("prepare CSV", [1, 2, 1], [6, 12, 7], ("peer / ours", "6", "6–7", "≥ 6", "yes")),
        ("prepare CSV", [1, 1, 1], [5, 5.9, 8], ("peer / ours", "5.9", "5–8", "≥ 6", "no")),
        ("iris, init to promoted", [6, 5, 7], [10, 10, 10], ("ours / peer", "0.6", "0.5–0.7", "≤ 0.6", "yes")),
        ("iris, init to promoted", [7], [10], ("ours / peer", "0.7", "0.7–0.7", "≤ 0.6", "no")),
        ("glue per task", [0.25], [10], ("ours / peer", "0.025", "0.025–0.025", "ours ≤ 0.2 CPU s", "no")),
        ("glue per task", [0.15], [0.1], ("ours / peer", "1.5", "1.5–1.5", "ours ≤ 0.2 CPU s", "yes")),
        ("flights, pipeline", [3], [2], ("ours / peer", "1.5", "1.5–1.5", "none", "-")),
        ("models, digits", [0.7], [0.7078125], ("ours − peer", "-0.00781", "-0.00781–-0.00781", "≥ -0.005", "no")),
        ("models, digits", [0.75], [0.75390625], ("ours − peer", "-0.00391", "-0.00391–-0.00391", "≥ -0.005", "yes")),
        ("models, mean of all tables", [0.75], [0.5], ("ours − peer", "0.25", "0.25–0.25", "≥ 0", "yes")),
    ],
)
def test_medians_decide(benchmarks: ModuleType, name: str, ours: list, peer: list, cells: tuple[str, ...]) -> None:
    assert benchmarks.Row(name, ours, peer).cells()[2:] == cells


def test_a_quick_run_reaches_nothing(benchmarks: ModuleType) -> None:
    assert benchmarks.Row("prepare CSV", [1], [60], quick=True).cells()[-1] == "quick run"


def test_the_table_stands_in_columns(benchmarks: ModuleType) -> None:
    rows = [benchmarks.Row("prepare CSV", [1], [6]), benchmarks.Row("Kubeflow run", missing="no cluster")]
    head, first, second = benchmarks.table(rows).splitlines()
    assert head.index("ratio") == first.index("peer / ours") == second.index("ours / peer")
    assert second.endswith("not measured: no cluster")
