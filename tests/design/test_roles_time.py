"""A column that runs on with time tells a model of older rows nothing about newer ones."""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from sevenfold.contracts.schema import Role
from sevenfold.design.propose import propose_plan


def test_a_month_under_a_time_split_is_no_feature_but_an_hour_is(tmp_path: Path) -> None:
    moments = [datetime(2024, 1, 1) + timedelta(hours=7 * i) for i in range(1_200)]
    table = pl.DataFrame(
        {
            "moment": moments,
            "month": [moment.month for moment in moments],
            "hour": [moment.hour for moment in moments],
            "size": [(i * 37) % 101 for i in range(1_200)],
            "price": [float((i * 37) % 101 + moment.hour + i % 3) for i, moment in enumerate(moments)],
        }
    )
    table.write_csv(tmp_path / "t.csv", datetime_format="%Y-%m-%d %H:%M:%S")
    columns = propose_plan(tmp_path / "t.csv", "price").plan.data.columns
    assert columns["month"].role is Role.IGNORE
    assert columns["hour"].role is Role.FEATURE
    assert columns["size"].role is Role.FEATURE
