"""What the built images hold. Needs buildah and images from `make images`; skipped where they are not."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sevenfold import images

pytestmark = pytest.mark.slow
SECRET = re.compile(rb"-----BEGIN (RSA |EC |OPENSSH )?PRIVATE KEY-----|AKIA[0-9A-Z]{16}")


def buildah(*arguments: str) -> str:
    return subprocess.run(["buildah", *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module", params=images.TARGETS)
def built(request: pytest.FixtureRequest, root: Path) -> Iterator[tuple[str, str, Path]]:
    """(target, container, its root folder) of an image."""
    record = root / "build" / "images.json"
    if not shutil.which("buildah") or os.geteuid() or not record.exists():
        pytest.skip("needs root, buildah and the images of `make images`")
    written = json.loads(record.read_text())
    # By its tag: buildah knows a pushed image's digest only where it was pulled.
    repository = re.sub(r"(@|:[^/]*$).*", "", images.built_images(written).get(request.param, ""))
    reference = f"{repository}:{written['tag']}" if repository else ""
    if (
        not reference
        or subprocess.run(["buildah", "inspect", "--type", "image", reference], capture_output=True).returncode
    ):
        pytest.skip(f"{request.param} was built with another engine")
    container = buildah("from", "--pull-never", reference)
    try:
        yield request.param, container, Path(buildah("mount", container))
    finally:
        buildah("rm", container)


def packages(folder: Path) -> set[str]:
    return {path.name for path in (folder / "opt/sevenfold/lib/python3.11/site-packages").iterdir()}


def test_it_runs_as_a_numeric_user(built: tuple[str, str, Path]) -> None:
    config: dict[str, Any] = json.loads(buildah("inspect", built[1]))["OCIv1"]["config"]
    assert config["User"] == "65532:65532"


def test_it_holds_the_package_and_not_its_sources(built: tuple[str, str, Path]) -> None:
    names = packages(built[2])
    assert "sevenfold" in names
    assert not [name for name in names if name.startswith("__editable__")]


def test_every_image_but_the_predictors_holds_kfp(built: tuple[str, str, Path]) -> None:
    target, _, folder = built
    assert ("kfp" in packages(folder)) == (target != "serve")
    assert ("torch" in packages(folder)) == (target in ("train", "tensorflow", "ray"))
    assert ("tensorflow" in packages(folder)) == (target == "tensorflow")
    assert ("ray" in packages(folder)) == (target == "ray")


def test_it_holds_no_compiler_and_no_installer(built: tuple[str, str, Path]) -> None:
    target, _, folder = built
    programs = {
        path.name for name in ("usr/bin", "usr/local/bin", "opt/sevenfold/bin") for path in (folder / name).glob("*")
    }
    assert not [name for name in programs if re.fullmatch(r"(.*-)?(gcc|g\+\+|cc|c\+\+|clang|ld|as)(-[\d.]+)?|uv", name)]
    if target == "serve":
        assert {re.sub(r"[\d.]+$", "", name) for name in programs} <= {"python", "sevenfold"}


def test_only_tmp_can_be_written(built: tuple[str, str, Path]) -> None:
    loose = []
    for folder, names, files in os.walk(built[2]):
        inner = Path(folder).relative_to(built[2])
        names[:] = [name for name in names if str(inner / name) not in ("proc", "sys", "dev")]
        for name in (*names, *files):
            path = Path(folder, name)
            if not path.is_symlink() and path.stat().st_mode & 0o002 and str(inner / name) not in ("tmp", "var/tmp"):
                loose.append(str(inner / name))
    assert [path for path in loose if path != "run/lock"] == []


def test_no_key_lies_in_it(built: tuple[str, str, Path]) -> None:
    for top in ("opt/sevenfold", "etc", "root", "tmp"):
        for path in (built[2] / top).rglob("*"):
            # Packages carry keys of their own tests; what we put there does not.
            if path.is_file() and not path.is_symlink() and "site-packages" not in path.parts:
                assert not SECRET.search(path.read_bytes()), path


def test_the_stages_can_be_imported(built: tuple[str, str, Path]) -> None:
    target, container, _ = built
    modules = {
        "base": "sevenfold.cli.main, kfp, httpx, sevenfold.pipelines.kubeflow.cluster_checks",
        "prepare": "polars, pandas, nbclient, sevenfold.design.stage, sevenfold.preparation.stage",
        "train": "torch, optuna, sevenfold.tuning.stage, sevenfold.training.stage, sevenfold.testing.stage",
        "tensorflow": "tensorflow, keras, tf2onnx, optuna, sevenfold.tuning.stage, sevenfold.training.stage",
        "ray": "ray.tune, ray.dashboard, torch, lightgbm, sevenfold.tuning.engines.ray.tune",
        "serve": "onnxruntime, uvicorn, sevenfold.serving.predictor.serve, sevenfold.refine.row_refiner",
        "control": "kserve, kubernetes, onnxruntime, httpx, sevenfold.serving.stage, sevenfold.monitoring.stage",
    }[target]
    command = ["--", "/opt/sevenfold/bin/python", "-c", f"import os, {modules}; print(os.getuid())"]
    assert buildah("run", "--isolation", "chroot", container, *command).endswith("65532")
