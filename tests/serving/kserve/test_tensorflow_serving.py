"""Bundles that TensorFlow Serving serves: released, rolled back and refused, against a cluster in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sevenfold.cluster.records import ClusterRegistry
from sevenfold.contracts.bundle import BUNDLE_FILES, Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import PolicyError, ServingError
from sevenfold.contracts.evaluation import Evaluation
from sevenfold.contracts.manifest import seal
from sevenfold.plan.deployment import DeploymentSection, Runtime, Strategy
from sevenfold.serving.compare import Comparison
from sevenfold.serving.kserve import deploy as kserve_deploy
from sevenfold.serving.kserve import judge as kserve_judge
from sevenfold.serving.kserve import release as kserve_release
from sevenfold.serving.kserve.inference_service import digest_of, workload
from sevenfold.serving.kserve.predictor_spec import predictor_of
from sevenfold.serving.kserve.readiness import wait_for_revision
from sevenfold.serving.kserve.strategy import Replacement

NAME = "trains"
IMAGE = "registry.example.org/tensorflow/serving:2"
SECTION = DeploymentSection(runtime=Runtime.TENSORFLOW_SERVING, strategy=Strategy.REPLACE)
Lifecycle = Callable[[Any, int], None]


def with_saved_model(sample: Any, text: str) -> Bundle:
    folder: Path = sample.bundle.folder
    (folder / "saved_model/1").mkdir(parents=True)
    (folder / "saved_model/1/saved_model.pb").write_text(text)
    seal(folder, expected=BUNDLE_FILES)
    return Bundle.open(folder)


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory, make_sample_at: Callable[..., Any]) -> list[tuple[Any, Bundle]]:
    samples = [make_sample_at(tmp_path_factory.mktemp(f"version-{seed}") / "own", seed=seed) for seed in range(2)]
    pairs = []
    for number, sample in enumerate(samples):
        bundle = with_saved_model(sample, f"weights {number}")
        digests = {"bundle": bundle.digest, "dataset": sample.dataset.digest}
        tested = Evaluation.open(sample.evaluation).model_copy(update={"digests": digests})
        tested.save(sample.evaluation, rows=tested.rows["test"])
        pairs.append((sample, bundle))
    return pairs


@pytest.fixture
def lifecycle(versions: list[tuple[Any, Bundle]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lifecycle:
    """Deploy and judge a version, as a run does."""
    comparison = Comparison(rows=300, requests=1, difference=0.0, limit=1e-5)

    def in_memory(cluster: Any, name: str, strategy: Strategy, *, on_message: Any = None) -> Replacement:
        return Replacement(cluster, name, sleep=cluster.world.sleep, clock=cluster.world.clock)

    for module in (kserve_deploy, kserve_judge, kserve_release):
        monkeypatch.setattr(module, "rollout_of", in_memory)
    monkeypatch.setattr(kserve_deploy, "smoke_test", lambda *_, **__: ())
    monkeypatch.setattr(kserve_deploy, "compare", lambda *_, **__: comparison)

    def run(cluster: Any, number: int) -> None:
        sample, bundle = versions[number]
        out = tmp_path / f"{number}-{cluster.calls}"
        kserve_deploy.deploy_on_kserve(
            sample.dataset,
            bundle,
            sample.evaluation,
            SECTION,
            name=NAME,
            location="minio://bucket/trains/run-1/train-model/1/bundle",
            rows_location=f"file://{sample.dataset.folder}",
            cluster=cluster,
            out=out / "service",
        )
        kserve_judge.judge_on_kserve(out / "service", SECTION, prometheus="", cluster=cluster, out=out / "verdict")

    return run


def test_versions_follow_each_other_and_go_back(
    world: Any, connect: Any, versions: list[tuple[Any, Bundle]], lifecycle: Lifecycle
) -> None:
    old, new = (bundle.digest for _, bundle in versions)
    for number, digest in enumerate((old, new)):
        lifecycle(connect(world), number)
        world.sleep(10)
        assert [digest_of(predictor) for predictor in world.serving()] == [digest]
    state = kserve_release.state_of(connect(world), NAME)
    assert (state.serving, state.waiting) == (new, "")
    kserve_release.put_back(connect(world), NAME, who="a person", reason="", on_message=lambda message: None)
    [serving] = world.serving()
    assert (digest_of(serving), serving["model"]["image"]) == (old, IMAGE)
    assert world.records() == [("promote", old), ("promote", new), ("rollback", old)]
    assert {record["image"] for record in world.recorded()} == {IMAGE}
    assert world.lost == []
    registry = ClusterRegistry(connect(world), NAME)
    fetched = [Dataset.open(registry.dataset(digest)).digest for digest in (old, new)]
    assert fetched == [sample.dataset.digest for sample, _ in versions], "what a retraining is compared on"


def test_a_deployment_that_kserve_has_not_changed_yet_is_not_the_new_version(world: Any, connect: Any) -> None:
    """Image and arguments are the same: only the annotation differs."""
    old, new = (
        predictor_of(NAME, "s3://bucket/bundle", f"sha256:{digit * 64}", IMAGE, SECTION) | {"name": "b"}
        for digit in "ab"
    )
    cluster, deployment = connect(world), workload(NAME, old)
    Replacement(cluster, NAME, sleep=world.sleep, clock=world.clock).stage(old, seconds=60)
    wait_for_revision(cluster, deployment, old, seconds=10, sleep=world.sleep, clock=world.clock)
    with pytest.raises(ServingError, match="must serve, but did not within 10 seconds"):
        wait_for_revision(cluster, deployment, new, seconds=10, sleep=world.sleep, clock=world.clock)


def test_a_bundle_without_a_saved_model_is_refused_before_anything_is_applied(
    world: Any, connect: Any, tmp_path: Path, make: Any
) -> None:
    sample, before = make(), dict(world.objects)
    with pytest.raises(PolicyError, match=r"saved_model/1/saved_model\.pb.*does not") as caught:
        kserve_deploy.deploy_on_kserve(
            sample.dataset,
            sample.bundle,
            sample.evaluation,
            SECTION,
            name=NAME,
            location="minio://bucket/trains/run-1/train-model/1/bundle",
            cluster=connect(world),
            out=tmp_path / "service",
        )
    assert caught.value.code == "no_saved_model"
    assert "deployment.runtime: sevenfold, or train" in caught.value.remedy
    assert world.objects == before
    assert not (tmp_path / "service").exists()
    assert ClusterRegistry(connect(world), NAME).history() == []
