"""The wrappers, run as functions on real artifacts: from a tested bundle to a recorded promotion."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kfp import dsl

from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.manifest import verify
from sevenfold.contracts.registry import LocalRegistry
from sevenfold.contracts.service import LocalService, open_service_of
from sevenfold.plan.deployment import DeploymentSection
from sevenfold.scoring.client import InferenceClient
from sevenfold.serving.component import deploy_model, judge_canary
from sevenfold.serving.local.predictor import runs, stop_predictor


def settings(**changes: Any) -> str:
    section = DeploymentSection().replaced(**changes)
    return json.dumps({"deployment": section.model_dump(mode="json"), "name": "flights"})


def artifact(kind: type[dsl.Artifact], path: Path) -> Any:
    return kind(uri=str(path))


@pytest.mark.slow
def test_a_tested_bundle_serves_is_judged_and_recorded(
    sample: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "runs" / "run-1"
    run.mkdir(parents=True)
    monkeypatch.setenv("SEVENFOLD_RUN_DIR", str(run))
    service = artifact(dsl.Artifact, run / "service")
    try:
        deploy_model.python_func(
            dataset=artifact(dsl.Dataset, sample.dataset.folder),
            bundle=artifact(dsl.Model, sample.bundle.folder),
            evaluation=artifact(dsl.Artifact, sample.evaluation),
            settings=settings(),
            service=service,
            report=artifact(dsl.HTML, run / "report.html"),
            summary=artifact(dsl.Markdown, run / "report.md"),
        )
        verify(Path(service.path))
        local = open_service_of(LocalService, Path(service.path))
        assert local.digest == sample.bundle.digest
        with InferenceClient(local.url, "flights") as client:
            assert client.ready()
        assert local.url not in (run / "report.md").read_text(), "the predictor ends with the run"
        checks = json.loads((Path(service.path) / "checks.json").read_text())
        assert checks["comparison"]["rows"] == 300
        assert [check["passed"] for check in checks["smoke"]] == [True] * 9

        decision = judge_canary.python_func(
            service=service,
            settings=settings(),
            verdict=artifact(dsl.Artifact, run / "verdict"),
            report=artifact(dsl.HTML, run / "verdict.html"),
            summary=artifact(dsl.Markdown, run / "verdict.md"),
        )
        assert decision == "promote"
        record = LocalRegistry(tmp_path / "runs" / "registry").current()
        assert record is not None
        assert (record.bundle, record.run, record.scores) == (sample.bundle.digest, "run-1", {"log_loss": 0.5})
    finally:
        assert stop_predictor(Path(service.path))
    assert not runs(local)


def test_kserve_without_a_cluster_says_so(
    sample: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SEVENFOLD_RUN_DIR", raising=False)
    for module in ("kubernetes.config", "kubernetes.config.kube_config"):
        monkeypatch.setattr(f"{module}.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "none"))
    with pytest.raises(SystemExit):
        deploy_model.python_func(
            dataset=artifact(dsl.Dataset, sample.dataset.folder),
            bundle=artifact(dsl.Model, sample.bundle.folder),
            evaluation=artifact(dsl.Artifact, sample.evaluation),
            settings=settings(target="kserve"),
            service=artifact(dsl.Artifact, tmp_path / "service"),
            report=artifact(dsl.HTML, tmp_path / "report.html"),
            summary=artifact(dsl.Markdown, tmp_path / "report.md"),
        )
    error = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert error["code"] == "no_cluster"
    assert "KUBECONFIG" in error["remedy"]


@pytest.mark.parametrize("changed", ["bundle", "evaluation"])
def test_what_another_run_tested_must_come_as_it_was(
    sample: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: str
) -> None:
    """Sound in itself, and its evaluation is of it, but not the one that was tested."""
    digests = {"bundle_digest": sample.bundle.digest, "evaluation_digest": verify(sample.evaluation).digest}
    with pytest.raises(SystemExit):
        deploy_model.python_func(
            dataset=artifact(dsl.Dataset, sample.dataset.folder),
            bundle=artifact(dsl.Model, sample.bundle.folder),
            evaluation=artifact(dsl.Artifact, sample.evaluation),
            settings=settings(),
            service=artifact(dsl.Artifact, tmp_path / "service"),
            report=artifact(dsl.HTML, tmp_path / "report.html"),
            summary=artifact(dsl.Markdown, tmp_path / "report.md"),
            **{**digests, f"{changed}_digest": f"sha256:{'0' * 64}"},
        )
    error = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (error["code"], "It was replaced" in error["remedy"]) == ("digest_mismatch", True)
    assert not (tmp_path / "service").exists()


def test_a_service_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match=r"service\.json"):
        stop_predictor(tmp_path)
