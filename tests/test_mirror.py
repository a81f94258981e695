"""Air-gapped use: everything that a run or `make kind` takes from elsewhere is named once per setting.

`images.registry` of a plan moves our images (``components/images.py``), `MIRROR` what ``manifests/kind.sh`` takes
(``manifests/sources.env`` and the kustomizations), ``--base-image`` what ours are built on (``docker/build.py``).
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from sevenfold import images

ROOT = Path(__file__).parents[1]
# Which files may name an image or a file of another host, and what moves it.
NAMED = {
    "components/images.py": "images.registry",
    "docker/build.py": "--registry, --base-image",
    "docker/Dockerfile": "--base-image",
    "manifests/sources.env": "MIRROR",
    "manifests/base/predictor-servingruntime.yaml": "settings.yaml, predictor_image",
    "manifests/overlays/cluster/settings.yaml": "itself",
    "manifests/components/retrain/retrain-deployment.yaml": "images: of the overlay, as the README beside it shows",
    "manifests/components/monitoring/prometheus-deployment.yaml": "MIRROR",
    "manifests/components/monitoring/alertmanager-deployment.yaml": "MIRROR",
    "manifests/components/monitoring/grafana-deployment.yaml": "MIRROR",
    "manifests/platform/kserve/kustomization.yaml": "MIRROR",
    "manifests/platform/kserve/inferenceservice-config-configmap.yaml": "MIRROR",
    "manifests/platform/pipelines/kustomization.yaml": "MIRROR",
    "manifests/kind.sh": "MIRROR: it puts it before what the files above name",
}
HOSTS = r"(?:docker\.io|ghcr\.io|quay\.io|registry\.k8s\.io|gcr\.io)"
IMAGE = re.compile(rf"\b{HOSTS}/[\w./-]+|(?<![\w./-])[\w.-]+/[\w.-]+:v?\d+\.\d+[\w.-]*(?![\w/])|github\.com/\S+//\S+")
SKIPPED = ("tests/", "benchmarks/", "examples/", ".ci/")


def tracked() -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("no git checkout, so what belongs to the project is not known")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.splitlines() if not name.startswith(SKIPPED) and (ROOT / name).is_file()]


def test_no_other_file_names_an_image() -> None:
    images_named = {}
    for name in tracked():
        if name in NAMED or name.endswith((".md", ".txt", ".json", ".lock")):
            continue
        lines = (ROOT / name).read_text(errors="replace").splitlines()
        hits = [line.strip() for line in lines if IMAGE.search(line) and not line.lstrip().startswith(("#", "kubectl"))]
        if hits:
            images_named[name] = hits
    assert images_named == {}


def test_no_entry_of_the_list_is_stale() -> None:
    assert [name for name in NAMED if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("target", images.TARGETS)
def test_one_setting_moves_every_image_of_ours(target: str) -> None:
    assert images.image(target, "mirror.example/ours").startswith("mirror.example/ours/")
    assert images.image(target).startswith(images.REGISTRY)


def test_one_setting_moves_every_task(tmp_path: Path) -> None:
    from sevenfold.contracts.schema import Column, Kind, Role, Task
    from sevenfold.pipelines.compile import compile_plan
    from sevenfold.plan import DataSection, Plan

    columns = {"x": Column(kind=Kind.NUMBER), "y": Column(kind=Kind.CATEGORY, role=Role.TARGET)}
    data = DataSection(source="t.csv", target="y", task=Task.BINARY, columns=columns)
    plan = Plan.model_validate({"version": 1, "name": "t", "data": data, "images": {"registry": "mirror.example/ours"}})
    text = compile_plan(plan, tmp_path / "pipeline.yaml").read_text()
    named = re.findall(r"^\s*image: (\S+)", text, re.MULTILINE)
    assert named
    assert [image for image in named if not image.startswith("mirror.example/ours/")] == []
