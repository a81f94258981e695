"""Every benchmark runs, on a small input: what nothing runs stops working."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Stands for the command line of a checkout: the commands themselves have tests of their own.
COMMAND = """#!/bin/sh
[ "$1" = run ] || exit 0
mkdir -p runs/t/1/dataset runs/t/1/bundle runs/t/registry/bundles/1
echo "$0" >runs/t/1/dataset/manifest.json
echo {bundle} >runs/t/1/bundle/manifest.json
"""


def benchmark(name: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"benchmarks{name}", "--quick", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def checkout(folder: Path, bundle: str = "same") -> str:
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "sevenfold").write_text(COMMAND.replace("$0", "same").format(bundle=bundle))
    (programs / "sevenfold").chmod(0o755)
    return str(folder)


PREPARED = ("", ": peak memory", ": wall time", ": by hand", ": memory by hand")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("training", ["training loop, batch 256", "training loop, batch 1024"]),
        (
            "tuning",
            [
                "trial, journal",
                "trial, in memory",
                "trial, cost",
                "trial on Ray, Ray Tune",
                "pruning, hyperband, 30 trials: best",
            ],
        ),
        ("serving", ["V1 JSON, 1 row", "V2 JSON, 100 rows", "V2 binary, 100 rows"]),
        ("prepare", [f"prepare {kind}{what}" for kind in ("CSV", "Parquet") for what in PREPARED]),
        ("refine", ["refine, ten steps", "refine, import and export too"]),
        ("glue", ["glue per task"]),
        ("model_cost", ["auto, flights", "models, flights", "trees, one row"]),
        ("cluster", ["Kubeflow run"]),
    ],
)
def test_it_prints_its_rows(name: str, rows: list[str]) -> None:
    done = benchmark(f".{name}")
    assert done.returncode == 0, done.stderr
    for row in rows:
        assert f"\n{row}: " in f"\n{done.stdout}", done.stdout


@pytest.mark.slow
def test_a_study_on_kuberay_is_measured_without_a_cluster_too() -> None:
    done = benchmark(".kuberay")
    assert done.returncode == 0, done.stderr
    head, row = done.stdout.splitlines()
    assert head.split()[:2] == ["trials", "workers"]
    assert row.split()[:2] == ["2", "0"]


@pytest.mark.slow
def test_a_run_is_compared_with_plain_functions_and_an_earlier_checkout(tmp_path: Path) -> None:
    ours, earlier = checkout(tmp_path / "ours"), checkout(tmp_path / "earlier")
    done = benchmark(".lifecycle", "--checkout", ours, "--baseline", earlier)
    assert done.returncode == 0, done.stderr
    assert "flights, pipeline: ours" in done.stdout
    assert "iris, init to promoted: ours" in done.stdout


def test_init_is_compared_with_an_earlier_checkout(tmp_path: Path) -> None:
    ours, earlier = checkout(tmp_path / "ours"), checkout(tmp_path / "earlier")
    done = benchmark(".init", "--checkout", ours, "--baseline", earlier)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("init: ours")
    assert "quick run" in done.stdout


@pytest.mark.parametrize(("bundle", "status"), [("same", 0), ("other", 1)])
def test_digests_say_whether_two_checkouts_make_the_same_bytes(tmp_path: Path, bundle: str, status: int) -> None:
    ours, earlier = checkout(tmp_path / "ours"), checkout(tmp_path / "earlier", bundle)
    done = benchmark(".digests", "--checkout", ours, "--baseline", earlier)
    assert done.returncode == status, done.stderr
    assert done.stdout.splitlines()[-1].split()[-1] == ("DIFFERENT" if status else "equal")


@pytest.mark.slow
def test_models_are_compared_table_by_table(tmp_path: Path) -> None:
    done = benchmark(".models", "--out", str(tmp_path / "models.json"))
    assert done.returncode == 0, done.stderr
    for row in ("penguin_sex", "wine", "mean of all tables", "AutoGluon", "AutoGluon: cost"):
        assert f"\nmodels, {row}: " in f"\n{done.stdout}", done.stdout
    results = [json.loads(line) for line in (tmp_path / "models.json").read_text().splitlines()]
    assert [(result["table"], result["side"]) for result in results] == [
        (table, side) for table in ("penguin_sex", "wine") for side in ("ours", "boosting", "linear")
    ]
    assert all(0 < result["score"] <= 1 and result["cpu_seconds"] > 0 for result in results)


def test_the_drift_rule_is_simulated_and_its_cost_measured() -> None:
    done = benchmark(".drift")
    assert done.returncode == 0, done.stderr
    for row in (
        "counting categories",
        "scrape of 50 features",
        "seen: 10 % missing",
        "false alarms: 5 features, 200 rows",
        "rows as a whole, unmoved: 50 features, 2000 rows",
        "ROC AUC from bins: 10 classes",
    ):
        assert f"\ndrift, {row}: ours" in f"\n{done.stdout}", done.stdout


@pytest.mark.slow
def test_processes_are_compared_with_threads() -> None:
    done = benchmark(".processes")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2 processes: ")


@pytest.mark.slow
def test_fits_on_two_devices_are_compared(tmp_path: Path) -> None:
    done = benchmark(".gpu", "--device", "cpu", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "gpu.json").read_text())
    assert results["repeats"] is True
    assert results["losses"]["relative"] == [0.0, 0.0, 0.0]  # the CPU stands in for the GPU
    assert results["flights"]["cpu"]["test"] == results["flights"]["gpu"]["test"]
    assert results["larger"]["ratio"] > 0


def test_a_machine_without_a_gpu_says_so(tmp_path: Path) -> None:
    hidden = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-m", "benchmarks.gpu", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=hidden, timeout=120, check=True)
    assert done.stdout.startswith("no GPU: torch ")
    assert done.stdout.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_all_of_them_print_one_table() -> None:
    done = benchmark("", "--only", "cluster")
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["name", "against", "ratio", "median", "min–max", "target", "reached"]
    assert [row.partition("  ")[0] for row in rows] == ["Kubeflow run"]
    assert "--- cluster, 1 of 1" in done.stderr


def test_what_cannot_be_measured_says_why() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "KF_PIPELINES_ENDPOINT"}
    command = [sys.executable, "-m", "benchmarks.cluster"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, timeout=60, check=True)
    assert done.stdout == "Kubeflow run: not measured: needs the id of a run, and KF_PIPELINES_ENDPOINT\n"


def test_rows_are_appended_to_a_file(tmp_path: Path) -> None:
    assert benchmark(".cluster", "--rows", str(tmp_path / "rows.jsonl")).returncode == 0
    [row] = map(json.loads, (tmp_path / "rows.jsonl").read_text().splitlines())
    assert (row["name"], row["ours"], row["peer"], row["quick"]) == ("Kubeflow run", [60.0], [20.0], True)
