from pathlib import Path

import yaml

from sevenfold.images import TARGETS, image
from sevenfold.pipelines.compile import compile_plan
from sevenfold.plan import ImagesSection, Plan, SecretsSection
from sevenfold.plan.training import Framework
from sevenfold.runtime.prometheus import PROMETHEUS_KEYS


def documents(plan: Plan, folder: Path) -> list[dict]:
    return list(yaml.safe_load_all(compile_plan(plan, folder / "p.yaml").read_text()))


def platform(plan: Plan, folder: Path) -> dict:
    return documents(plan, folder)[1]["platforms"]["kubernetes"]


def images(plan: Plan, folder: Path) -> dict[str, str]:
    executors = documents(plan, folder)[0]["deploymentSpec"]["executors"]
    return {name: executor["container"]["image"] for name, executor in executors.items()}


def test_one_setting_moves_every_image(plan: Plan, tmp_path: Path) -> None:
    moved = plan.model_copy(update={"images": ImagesSection(registry="mirror.example.org/ours")})
    references = images(moved, tmp_path)
    assert references["exec-judge-canary"] == image("control", "mirror.example.org/ours")
    assert all(name.startswith("mirror.example.org/ours/") for name in references.values())


def test_a_build_names_every_image_by_digest_but_those_of_the_plan(plan: Plan, tmp_path: Path) -> None:
    built = {target: f"registry.example.org/python-{target}@sha256:{'0' * 64}" for target in TARGETS}
    own = plan.model_copy(update={"images": ImagesSection(train="example.org/python-ours:1")})
    references = images(own.with_images(built), tmp_path)
    assert references["exec-train-model"] == "example.org/python-ours:1"
    assert {name for name in references.values() if "@sha256:" not in name} == {"example.org/python-ours:1"}


def test_scoring_runs_where_onnx_runtime_is(plan: Plan, tmp_path: Path) -> None:
    assert images(plan, tmp_path)["exec-test-model"] == image("train")


def test_tensorflow_has_an_image_of_its_own(plan: Plan, tmp_path: Path) -> None:
    """Three stages take it; a registry moves it, the plan may name another, and a step of a team keeps its own."""
    training = plan.training.replaced(framework=Framework.TENSORFLOW)
    stages = {"exec-tune-model", "exec-train-model", "exec-test-model"}

    def taking(reference: str, **images_of: str) -> set[str]:
        changed = plan.model_copy(update={"training": training, "images": ImagesSection(**images_of)})
        return {name for name, taken in images(changed, tmp_path).items() if taken == reference}

    assert taking(image("tensorflow")) == stages
    assert taking(image("tensorflow", "mirror.example.org"), registry="mirror.example.org") == stages
    assert taking("ours:1", tensorflow="ours:1", train="not-ours:1") == stages
    assert image("tensorflow") not in images(plan, tmp_path).values()


def test_a_search_on_ray_has_an_image_of_its_own(plan: Plan, tmp_path: Path) -> None:
    on_ray = plan.model_copy(update={"tuning": plan.tuning.replaced(engine="ray")})
    taken = images(on_ray, tmp_path)
    assert {name for name, reference in taken.items() if reference == image("ray")} == {"exec-tune-model"}
    assert taken["exec-train-model"] == image("train")
    own = on_ray.model_copy(update={"images": ImagesSection(ray="ours:1", train="not-ours:1")})
    assert images(own, tmp_path)["exec-tune-model"] == "ours:1"
    assert image("ray") not in images(plan, tmp_path).values()


def test_preparation_on_ray_takes_the_image_that_has_ray(plan: Plan, tmp_path: Path) -> None:
    on_ray = plan.model_copy(update={"preparation": plan.preparation.replaced(engine="ray")})
    taken = images(on_ray, tmp_path)
    assert {name for name, reference in taken.items() if reference == image("ray")} == {"exec-prepare-data"}
    own = on_ray.model_copy(update={"images": ImagesSection(ray="ours:1", prepare="not-ours:1")})
    assert images(own, tmp_path)["exec-prepare-data"] == "ours:1"


def test_only_what_reads_sources_gets_the_storage_secret(plan: Plan, tmp_path: Path) -> None:
    kept = plan.model_copy(update={"secrets": SecretsSection(storage="keys", pull="registry")})
    executors = platform(kept, tmp_path)["deploymentSpec"]["executors"]
    assert {name for name, executor in executors.items() if "secretAsEnv" in executor} == {
        "exec-explore-data",
        "exec-prepare-data",
        "exec-tune-model",
        "exec-train-model",
        "exec-test-model",
    }
    assert all(executor["imagePullSecret"][0]["secretName"] == "registry" for executor in executors.values())
    # the Secret may lack a key: an endpoint or a session token is not always there
    assert executors["exec-prepare-data"]["secretAsEnv"][0]["optional"] is True


def test_only_what_asks_prometheus_gets_its_login(plan: Plan, tmp_path: Path) -> None:
    kept = plan.model_copy(update={"secrets": SecretsSection(prometheus="metrics-login")})
    executors = platform(kept, tmp_path)["deploymentSpec"]["executors"]
    given = {name: executor["secretAsEnv"][0] for name, executor in executors.items() if "secretAsEnv" in executor}
    assert set(given) == {"exec-judge-canary", "exec-monitor-model"}
    for secret in given.values():
        assert {each["envVar"] for each in secret["keyToEnv"]} == set(PROMETHEUS_KEYS)
        assert secret["secretNameParameter"]["runtimeValue"]["constant"] == "metrics-login"
        assert secret["optional"] is True  # a token comes without a name and a password


def test_a_volume_is_mounted_where_the_table_is_read(plan: Plan, tmp_path: Path) -> None:
    data = plan.data.model_copy(update={"volume": "tables"})
    executors = platform(plan.model_copy(update={"data": data}), tmp_path)["deploymentSpec"]["executors"]
    mounts = {
        name: executor["pvcMount"][0]["mountPath"] for name, executor in executors.items() if "pvcMount" in executor
    }
    assert mounts == {"exec-explore-data": "/mnt/data", "exec-prepare-data": "/mnt/data"}


def test_no_container_may_be_root_and_a_run_has_an_end(plan: Plan, tmp_path: Path) -> None:
    platform_spec = platform(plan, tmp_path)
    assert all(
        executor["securityContext"]["runAsNonRoot"]
        for executor in platform_spec["deploymentSpec"]["executors"].values()
    )
    assert platform_spec["pipelineConfig"]["activeDeadlineSeconds"] == plan.budget.hours * 3600


def test_plain_is_one_document(plan: Plan, tmp_path: Path) -> None:
    kept = plan.model_copy(update={"secrets": SecretsSection(storage="keys", pull="registry")})
    assert len(list(yaml.safe_load_all(compile_plan(kept, tmp_path / "p.yaml", plain=True).read_text()))) == 1
