"""Work on Ray that this machine cannot do is refused before a run has a folder."""

from __future__ import annotations

import importlib.machinery
from pathlib import Path
from typing import Any

import pytest

from sevenfold.contracts.errors import SevenfoldError, TrainingError
from sevenfold.pipelines.local.requirements import require_engine, require_fit
from sevenfold.pipelines.local.run import LocalRun, run_locally
from sevenfold.plan import Plan

CLUSTER = {"trials": 3, "engine": "ray", "ray": {"cluster": {"workers": 2}}}


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("KFP_POD_NAME", "KFP_POD_UID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sevenfold.runtime.environment.NAMESPACE_FILE", tmp_path / "namespace")
    spec = importlib.machinery.ModuleSpec("ray", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: spec)


def tuned(plan: Plan, **tuning: Any) -> Plan:
    return plan.model_copy(update={"tuning": plan.tuning.replaced(**tuning)})


def test_a_cluster_that_only_a_pod_can_have_made_costs_no_run(plan: Plan, tmp_path: Path) -> None:
    run = LocalRun(plan_path=tmp_path / "plan.yaml", runs=tmp_path / "runs")
    with pytest.raises(TrainingError) as caught:
        run_locally(run, tuned(plan, **CLUSTER), None)  # type: ignore[arg-type]
    assert caught.value.code == "no_pod"
    assert not (tmp_path / "runs").exists()


def test_preparation_on_a_cluster_that_only_a_pod_can_have_made_costs_no_run(plan: Plan, tmp_path: Path) -> None:
    run = LocalRun(plan_path=tmp_path / "plan.yaml", runs=tmp_path / "runs")
    preparation = plan.preparation.replaced(engine="ray", ray={"cluster": {"workers": 2}})
    with pytest.raises(SevenfoldError, match=r"preparation\.ray\.cluster is made from within a pod") as caught:
        run_locally(run, plan.model_copy(update={"preparation": preparation}), None)  # type: ignore[arg-type]
    assert (type(caught.value), caught.value.code) == (SevenfoldError, "no_pod")
    assert not (tmp_path / "runs").exists()


def test_in_a_pod_and_without_trials_it_is_no_matter(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_engine(tuned(plan, **CLUSTER), trials=0)
    require_engine(tuned(plan, **{**CLUSTER, "trials": 0}))
    require_engine(plan)
    monkeypatch.setenv("KFP_POD_NAME", "tuning")
    monkeypatch.setenv("KFP_POD_UID", "1")
    with pytest.raises(TrainingError, match="runs in none"):
        require_engine(tuned(plan, **CLUSTER))
    (tmp_path / "namespace").write_text("team")
    require_engine(tuned(plan, **CLUSTER))


def test_without_ray_the_command_that_installs_it_is_named(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(TrainingError) as caught:
        require_engine(tuned(plan, engine="ray", trials=3))
    assert (caught.value.code, caught.value.remedy) == ("no_ray", "pip install 'sevenfold[ray]'")
    require_engine(plan)


def test_a_fit_in_pods_needs_a_pod_of_kubeflow(plan: Plan) -> None:
    require_fit(plan)
    with pytest.raises(TrainingError) as raised:
        require_fit(plan.model_copy(update={"training": plan.training.replaced(trainjob={"nodes": 2})}))
    assert raised.value.code == "no_pod"


def test_preparation_without_ray_is_refused_before_the_first_stage(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_ray = plan.model_copy(update={"preparation": plan.preparation.replaced(engine="ray")})
    require_engine(on_ray)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    run = LocalRun(plan_path=tmp_path / "plan.yaml", runs=tmp_path / "runs")
    with pytest.raises(SevenfoldError, match=r"preparation\.engine") as caught:
        run_locally(run, on_ray, None)  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.remedy) == ("no_ray", "pip install 'sevenfold[ray]'")
    assert not (tmp_path / "runs").exists()
