"""The split that init looks at is the one that preparation draws, row by row."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from sevenfold.design.propose import propose_plan
from sevenfold.preparation.prepare import prepare


def table(random: np.random.Generator, target: str, rows: int = 240) -> pl.DataFrame:
    score = random.normal(size=rows)
    targets = {
        "two texts": np.where(score > 0.5, "sold", "open").tolist(),
        "yes or no": np.where(score > -0.4, "yes", "no").tolist(),
        "booleans": (score > 0).tolist(),
        "numbers": np.digitize(score, [-0.8, 0.2]).tolist(),
        "texts": np.array(["b", "c", "a"])[np.digitize(score, [-0.8, 0.2])].tolist(),
        "regression": score.round(3).tolist(),
    }
    frame = pl.DataFrame(
        {
            "at": np.arange(rows),
            "x": (score + random.normal(size=rows)).round(4),
            "kind": random.choice(["Box", "bag"], rows),
            "n": random.integers(0, 2_000, rows),
            "y": targets[target],
        }
    )
    return frame.with_columns(
        pl.when(pl.col("at") % 17 == 3).then(None).otherwise(pl.col("y")).alias("y"),
        pl.when(pl.col("at") == 9).then(pl.lit("oops")).otherwise(pl.col("n").cast(pl.String)).alias("n"),
    )


@pytest.mark.parametrize("copies", [0, 80])
@pytest.mark.parametrize("target", ["two texts", "yes or no", "booleans", "numbers", "texts", "regression"])
def test_the_rows_that_train_are_known_before(tmp_path, target, copies):
    frame = table(np.random.default_rng(len(target)), target)
    frame = pl.concat([frame, frame.head(copies)]).with_columns(pl.int_range(pl.len()).alias("at"))
    path = tmp_path / "t.csv"
    frame.write_csv(path)
    proposal = propose_plan(path, "y")
    drawn = np.flatnonzero(proposal.findings.target.drawn)
    prepared = prepare(path, proposal.plan.data, proposal.plan.preparation, tmp_path / "out")
    trained = pq.read_table(tmp_path / "out" / "train.parquet", columns=["at"])["at"].to_pylist()
    assert [int(at) for at in trained] == drawn.tolist()
    found = proposal.findings.duplicates
    assert (found.exact, found.near) == (prepared.duplicates.exact, prepared.duplicates.near)
    assert bool(found.copies) is bool(copies)
    assert prepared.duplicates.held_out == 0


def test_a_class_that_lies_in_one_record_is_refused_before_a_plan_is_written(tmp_path, code_of):
    frame = table(np.random.default_rng(0), "texts").filter(pl.col("y").is_in(["a", "b"]))
    one = frame.head(1).with_columns(pl.lit("rare").alias("y"), pl.lit(9.875).alias("x"))
    pl.concat([frame, *[one] * 7]).write_csv(tmp_path / "t.csv")
    assert code_of(lambda: propose_plan(tmp_path / "t.csv", "y")) == "rare_class"
