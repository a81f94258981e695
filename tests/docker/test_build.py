from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from sevenfold import __version__, images

ENGINE = """#!/bin/sh
echo "$0 $@" >>"{log}"
case "$1" in
info) exit {info} ;;
push) while [ $# -gt 0 ]; do if [ "$1" = --digestfile ]; then printf 'sha256:%064d' 7 >"$2"; fi; shift; done ;;
inspect) echo '["other.example/x@sha256:1","reg.example/ours/sevenfold-python-serve@sha256:2"]' ;;
esac
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name in ("components/a.py", "pipelines/b.py", "docker/Dockerfile", "pyproject.toml", "constraints.txt"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Put engines that only write down how they are called on a PATH of their own."""
    programs = tmp_path / "programs"
    programs.mkdir()
    log = tmp_path / "calls"
    log.touch()
    monkeypatch.setenv("PATH", f"{programs}:/bin:/usr/bin")
    for name in ("docker", "podman", "buildah"):
        (programs / name).write_text(ENGINE.format(log=log, info=1))
        (programs / name).chmod(0o755)

    def works(name: str) -> Path:
        (programs / name).write_text(ENGINE.format(log=log, info=0))
        return log

    return works


def test_the_same_content_gives_the_same_tag(build: ModuleType, tree: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    shutil.copytree(tree, copy)
    assert build.content_tag(tree, {"A": "1", "B": "2"}) == build.content_tag(copy, {"B": "2", "A": "1"})


@pytest.mark.parametrize("change", ["edit", "rename", "add", "argument"])
def test_any_change_of_an_input_changes_the_tag(build: ModuleType, tree: Path, change: str) -> None:
    before = build.content_tag(tree, {"A": "1"})
    if change == "edit":
        (tree / "components/a.py").write_text("other")
    elif change == "rename":
        (tree / "components/a.py").rename(tree / "components/c.py")
    elif change == "add":
        (tree / "docker/more").touch()
    assert build.content_tag(tree, {"A": "2" if change == "argument" else "1"}) != before


def test_caches_and_files_outside_the_images_do_not_count(build: ModuleType, tree: Path) -> None:
    before = build.content_tag(tree, {})
    for name in ("components/__pycache__/a.cpython-311.pyc", "tests/test_a.py", "Makefile"):
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert build.content_tag(tree, {}) == before


def test_a_tag_is_one_a_registry_accepts(build: ModuleType, tree: Path) -> None:
    assert re.fullmatch(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}", build.content_tag(tree, {}))


def test_names_and_targets_are_those_the_pipelines_use(build: ModuleType, root: Path) -> None:
    stages = set(re.findall(r"^FROM .* AS (\S+)$", (root / "docker/Dockerfile").read_text(), re.MULTILINE))
    assert tuple(build.TARGETS) == images.TARGETS
    assert set(images.TARGETS) <= stages
    for target in images.TARGETS:
        assert images.image(target) == f"{build.repository(target, build.REGISTRY)}:{__version__}"
        assert "python" in images.image(target)


def test_the_images_hold_the_torch_the_tests_ran_with(root: Path) -> None:
    pinned = re.search(r"^TORCH := (\S+)$", (root / "Makefile").read_text(), re.MULTILINE)
    held = re.search(r"^ARG TORCH=(\S+)$", (root / "docker/Dockerfile").read_text(), re.MULTILINE)
    assert pinned and held and pinned[1] == held[1]


def test_a_client_without_its_daemon_is_passed_over(build: ModuleType, engines) -> None:
    engines("buildah")
    assert build.find_engine() == "buildah"
    with pytest.raises(SystemExit, match="docker"):
        build.find_engine("docker")


@pytest.mark.parametrize(
    ("engine", "digest"), [("docker", "sha256:2"), ("podman", f"sha256:{7:064d}"), ("buildah", f"sha256:{7:064d}")]
)
def test_a_pushed_image_is_named_by_its_digest(
    build: ModuleType, engines, monkeypatch, tmp_path: Path, tree: Path, capsys, engine: str, digest: str
) -> None:
    log = engines(engine)
    (tree / "pyproject.toml").write_text('[project]\nversion = "3.2.1"\n')
    monkeypatch.setattr(build, "ROOT", tree)
    given = ["--registry", "reg.example/ours/", "--target", "serve", "--release", "--push", "--wheels", str(tmp_path)]
    assert build.main(given) == 0
    written = json.loads((tree / "build/images.json").read_text())
    assert json.loads(capsys.readouterr().out) == written
    assert images.built_images(written) == {"serve": f"reg.example/ours/sevenfold-python-serve@{digest}"}
    calls = log.read_text()
    assert "--target serve --tag reg.example/ours/sevenfold-python-serve:3.2.1" in calls
    assert str(tmp_path) in calls


def test_a_failed_build_writes_no_record(build: ModuleType, engines, monkeypatch, tree: Path) -> None:
    engines("podman")
    (tree / "pyproject.toml").write_text('[project]\nversion = "1"\n')
    monkeypatch.setattr(build, "ROOT", tree)
    monkeypatch.setattr(build.Build, "build_command", lambda *_: ["false"])
    with pytest.raises(SystemExit, match="status 1"):
        build.main(["--target", "serve"])
    assert not (tree / "build").exists()


@pytest.mark.parametrize("record", [{}, {"version": 2, "images": {}}, {"version": 1, "images": {"tuna": "x"}}])
def test_a_record_of_another_format_is_refused(record: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="format 1"):
        images.built_images(record)
