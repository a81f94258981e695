"""`init` has the model see rare categories by name where much of a column would be hidden without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.transform import CategoryFeature
from sevenfold.design.rare_categories import hidden_columns, rare_remark


def table(path: Path, levels: int, per_level: int, column: str = "model") -> Path:
    """Write 1,200 rows of a frequent category, and `levels` others of `per_level` rows each."""
    random = np.random.default_rng(3)
    names = [f"m{level}" for level in range(levels) for _ in range(per_level)]
    names += ["common"] * (1_200 - len(names))
    effect = {name: random.normal() for name in set(names)}
    lines = [f"{name},{random.normal():.3f},{effect[name] + random.normal() / 10:.3f}" for name in names]
    path.write_text(f"{column},x,y\n" + "\n".join(random.permutation(lines)) + "\n")
    return path


@pytest.mark.parametrize(
    ("levels", "per_level", "hidden"),
    # half the rows; half, each in 7 rows that train; half, each in 18; half, each in 36; 2.5 %
    [(100, 6, True), (50, 12, True), (20, 30, False), (10, 60, False), (5, 6, False)],
)
def test_rare_categories_are_seen_where_they_are_many(
    accept: Callable[..., tuple], tmp_path: Path, levels: int, per_level: int, hidden: bool
) -> None:
    proposal, _ = accept(table(tmp_path / "t.csv", levels, per_level), "y")
    found = hidden_columns(proposal.findings.profile.columns, proposal.findings.roles)
    assert found == ({"model": pytest.approx(levels * per_level / 1_200)} if hidden else {})
    assert ("min_count: 2" in proposal.text) == hidden
    transform = Dataset.open(tmp_path / "dataset").transform()
    (feature,) = (entry for entry in transform.features if isinstance(entry, CategoryFeature))
    assert len(feature.levels) > levels * 0.9 if hidden or per_level >= 20 else len(feature.levels) == 1


def test_the_remark_names_the_worst_column() -> None:
    assert rare_remark({"a": 0.06, "b": 0.5}).startswith("50% of the rows have a b of which fewer than 10 rows train")


def test_a_sensitive_column_proposes_nothing(accept: Callable[..., tuple], tmp_path: Path) -> None:
    proposal, _ = accept(table(tmp_path / "t.csv", 100, 6, column="first name"), "y")
    assert proposal.findings.profile.columns["first name"].sensitive
    assert "min_count" not in proposal.text
