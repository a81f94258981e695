"""The package's map: what is listed is what is there, and rooms import each other in one direction only."""

import importlib
import pkgutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import sevenfold

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ROOMS = ("design", "preparation", "tuning", "training", "testing", "serving", "monitoring")


def test_every_package_is_listed() -> None:
    folders = {"components": "sevenfold", "pipelines": "sevenfold.pipelines"}
    packages = {
        ".".join([name, *init.parent.relative_to(ROOT / folder).parts])
        for folder, name in folders.items()
        for init in (ROOT / folder).rglob("__init__.py")
    }
    assert packages == set(PROJECT["tool"]["setuptools"]["packages"])


def test_the_version_stands_once_in_two_places() -> None:
    assert PROJECT["project"]["version"] == sevenfold.__version__


def test_every_extra_named_by_an_error_exists() -> None:
    from sevenfold.pipelines.doctor import PACKAGES

    assert set(PACKAGES.values()) <= set(PROJECT["project"]["optional-dependencies"])


@pytest.mark.parametrize("name", ["sevenfold.cli.main", "sevenfold.plan", "sevenfold.pipelines.settings"])
def test_a_light_import_brings_no_heavy_package(name: str) -> None:
    heavy = ["torch", "kfp", "pandas", "polars", "optuna", "kserve", "kubernetes", "sklearn", "onnxruntime", "pyarrow"]
    code = f"import sys, {name}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "name", ["sevenfold.monitoring.stage", "sevenfold.serving.predictor.serve", "sevenfold.pipelines.inputs"]
)
def test_who_has_no_recipe_needs_no_regex(name: str) -> None:
    code = f"import sys, {name}; print([m for m in ('regex', 'sevenfold.refine.grel') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _modules() -> list[str]:
    return [module.name for module in pkgutil.walk_packages(sevenfold.__path__, "sevenfold.")]


def test_only_component_files_and_pipelines_import_kfp() -> None:
    for path in (ROOT / "components").rglob("*.py"):
        if path.name == "component.py":
            continue
        lines = path.read_text().splitlines()
        assert not [line for line in lines if line.lstrip().startswith(("import kfp", "from kfp"))], path


def test_every_shop_window_shows_what_it_lists() -> None:
    for name in _modules():
        if name.endswith(("__main__", ".child")):
            continue
        module = importlib.import_module(name)
        for exported in getattr(module, "__all__", []):
            assert hasattr(module, exported), f"{name}.{exported}"


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_its_component_and_a_light_shop_window(room: str) -> None:
    assert (ROOT / "components" / room / "component.py").is_file()
    code = f"import sys, sevenfold.{room}; print([m for m in ('torch', 'kfp', 'polars') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
