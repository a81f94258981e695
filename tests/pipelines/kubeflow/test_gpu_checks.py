"""A fit on a GPU needs one reserved."""

from __future__ import annotations

from pathlib import Path

import pytest
from kubeconfig import KUBECONFIG_LOCATIONS

from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines.kubeflow.cluster_checks import require_cluster
from sevenfold.pipelines.kubeflow.cluster_target import ClusterTarget
from sevenfold.plan import Plan


def fitting_on(team_plan: Plan, gpus: dict[str, int], trials: int = 3) -> Plan:
    changed = {"training": {"device": "cuda"}, "tuning": {"trials": trials}}
    return team_plan.model_validate(
        team_plan.model_dump(mode="json")
        | changed
        | {"resources": {stage: {"gpu": count} for stage, count in gpus.items()}}
    )


@pytest.mark.parametrize(
    ("gpus", "trials", "missing"),
    [
        ({}, 3, ["tuning", "training"]),
        ({"training": 1}, 3, ["tuning"]),
        ({"training": 1}, 0, []),
        ({}, 0, ["training"]),
    ],
)
def test_a_fit_on_a_gpu_needs_one_reserved(
    team_plan: Plan, gpus: dict[str, int], trials: int, missing: list[str]
) -> None:
    from sevenfold.pipelines.kubeflow.plan_checks import gpu_checks

    checks = list(gpu_checks(fitting_on(team_plan, gpus, trials)))
    assert [check.name for check in checks if check.fine is False] == [f"GPU of {stage}" for stage in missing]


def test_a_gpu_that_is_not_reserved_is_told_where_no_cluster_can_be_read(
    team_plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for location in KUBECONFIG_LOCATIONS:
        monkeypatch.setattr(location, str(tmp_path / "none"), raising=False)
    with pytest.raises(PolicyError, match=r"Set resources\.training\.gpu: 1"):
        require_cluster(fitting_on(team_plan, {"tuning": 1}), ClusterTarget())
