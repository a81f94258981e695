from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sevenfold.design.propose import Proposal, propose_plan
from sevenfold.preparation.prepare import prepare
from sevenfold.preparation.prepared import Prepared


@pytest.fixture
def accept(tmp_path: Path) -> Callable[..., tuple[Proposal, Prepared]]:
    """Propose a plan for a table and have preparation carry it out."""

    def run(table: Path, target: str, encoding: str = "") -> tuple[Proposal, Prepared]:
        proposal = propose_plan(table, target, encoding=encoding)
        plan = proposal.plan
        return proposal, prepare(table, plan.data, plan.preparation, tmp_path / "dataset")

    return run


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A table of 400 customers with much that points at a person."""
    random = np.random.default_rng(3)
    lines = ["customer_id,full_name,email,contact,remark,town,age,joined,spent,left"]
    for number in range(400):
        name = f"Ann{number} Miller{number}"
        age, spent = int(random.integers(18, 80)), round(float(random.exponential(90)), 2)
        left = "yes" if spent + random.normal(0, 40) < 60 else "no"
        town = random.choice(["Bergen", "Lyon", "Graz"])
        day = f"2024-{1 + number % 12:02d}-{1 + number % 28:02d}"
        remark = f"secretremark {number} told us something long and private about {number * 7}"
        lines.append(
            f"{5000 + number},{name},ann{number}@secret.example,+47 55 {number:03d} 12,{remark},{town},{age},{day},"
            f"{spent},{left}"
        )
    path = tmp_path / "people.csv"
    path.write_text("\n".join(lines) + "\n")
    return path
