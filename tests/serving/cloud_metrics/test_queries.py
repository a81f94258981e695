"""The query of docs/vertex.md, by Prometheus's own evaluation, over what several replicas wrote."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from promtool import Promtool, Series, promtools, rising

from sevenfold.serving.cloud_metrics.google import FEATURE_BINS

DOCS = Path(__file__).parents[3] / "docs/vertex.md"
NAMED = FEATURE_BINS.replace(".", "_").replace("/", ":", 1).replace("/", "_")  # as Cloud Monitoring names it in PromQL


@pytest.mark.skipif(not promtools(), reason="promtool is not installed")
def test_the_query_adds_the_counts_of_all_replicas() -> None:
    (query,) = re.findall(r"```promql\n(.*?)\n```", DOCS.read_text(), re.DOTALL)

    def counted(per_minute: float, bin_name: str, replica: str, job: str = "flights") -> Series:
        labels = {"job": job, "task_id": replica, "bundle": "b1", "feature": "age", "bin": bin_name}
        return Series(NAMED, tuple(rising(per_minute)), tuple(labels.items()))

    rows = [counted(3, "low", "a"), counted(4, "low", "b"), counted(2, "high", "b"), counted(9, "low", "c", "prices")]
    found = Promtool(promtools()[0], "groups: []\n").values(rows, query)
    by_bin = {bin_name: value for labels, value in found.items() for bin_name in re.findall(r'bin="(\w+)"', labels)}
    assert by_bin == {"low": pytest.approx(60 * 7), "high": pytest.approx(60 * 2)}
