"""Runs that were submitted from here are found by id, by the beginning of it, and by their folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines.known_runs import find_known_run

RUNS = {
    "cluster-11aa22bb": {"run": "11aa22bb-0000"},
    "vertex-20260102-1": {"run": "demo-20260102-1", "target": "vertex"},
    "sagemaker-abc": {"run": "abc", "target": "sagemaker"},
}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for name, values in RUNS.items():
        (tmp_path / "demo" / name).mkdir(parents=True)
        (tmp_path / "demo" / name / "run.json").write_text(json.dumps(values))
    return tmp_path


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ("11aa", "kubeflow"),
        ("cluster-11aa22bb", "kubeflow"),
        ("demo-2026", "vertex"),
        ("vertex-20260102-1", "vertex"),
        ("abc", "sagemaker"),
        ("sagemaker-abc", "sagemaker"),
    ],
)
def test_a_run_is_known_by_its_id_and_by_its_folders_name(runs: Path, wanted: str, target: str) -> None:
    known = find_known_run(wanted, runs)
    assert known is not None
    assert known.target == target
    assert find_known_run(str(known.folder.path), runs / "nothing") == known


@pytest.mark.parametrize("content", ["", '{"run": "22', "[]", "null"])
def test_a_damaged_record_hides_no_other_run_and_is_named_where_it_is_meant(runs: Path, content: str) -> None:
    damaged = runs / "demo" / "cluster-22"
    damaged.mkdir()
    (damaged / "run.json").write_text(content)
    assert find_known_run("abc", runs) is not None
    assert find_known_run("22", runs) is None
    with pytest.raises(PolicyError) as caught:
        find_known_run(str(damaged), runs)
    assert caught.value.code == "run_damaged"


def test_a_beginning_that_fits_several_is_refused(runs: Path) -> None:
    (runs / "demo" / "cluster-11aa33").mkdir()
    (runs / "demo" / "cluster-11aa33" / "run.json").write_text('{"run": "11aa33"}')
    with pytest.raises(PolicyError) as caught:
        find_known_run("11aa", runs)
    assert caught.value.code == "run_ambiguous"
