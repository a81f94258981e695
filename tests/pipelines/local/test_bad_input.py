"""What a user sees when a run cannot go on: one clear error, the documented exit status, nothing half-written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from demo_run import PLAN, ROWS, table

CASES = {
    "an empty table": (table([]), "no_rows"),
    "one class only": (table([(a, b, "yes") for a, b, _ in ROWS]), "single_class"),
    "a column that gives the target away": (table([(float(y == "yes"), b, y) for _, b, y in ROWS]), "leakage_suspect"),
}


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sevenfold", "run", "plan.yaml", *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
    )


@pytest.mark.slow
@pytest.mark.parametrize("case", list(CASES))
def test_bad_data_is_one_error_with_status_2(case: str, tmp_path: Path) -> None:
    content, message = CASES[case]
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "demo.csv").write_text(content)
    run = start(tmp_path)
    printed, _ = run.communicate(timeout=300)
    assert run.returncode == 2, printed
    assert message in printed
    assert "Traceback" not in printed
    assert printed.count("failed (") == 1
    left = tmp_path / "runs" / "demo" / "1" / "artifacts"
    assert not list(left.glob("*/prepare-data"))
    assert not (tmp_path / "runs" / "demo" / "registry").exists()


OTHER_TABLES = {
    "lacks columns": ("a,c\n1,2\n", "missing_column", ("'b'", "'y'")),
    "lacks the target": (table(ROWS, "a,b,z"), "missing_column", ("'y'",)),
    "is separated otherwise": (table(ROWS).replace(",", ";"), "delimiter", ("';'",)),
    "is not there": (None, "missing_file", ("other.csv", "is not there")),
}


@pytest.mark.parametrize("case", list(OTHER_TABLES))
def test_another_table_that_does_not_fit_is_refused_before_any_stage(case: str, tmp_path: Path) -> None:
    content, code, named = OTHER_TABLES[case]
    (tmp_path / "plan.yaml").write_text(PLAN)
    if content is not None:
        (tmp_path / "other.csv").write_text(content)
    run = start(tmp_path, "--data", "other.csv")
    printed, _ = run.communicate(timeout=60)
    assert run.returncode == 2, printed
    assert printed.startswith(f"error ({code}): ")
    assert all(name in printed for name in named)
    assert "Traceback" not in printed
    assert not (tmp_path / "runs").exists()
