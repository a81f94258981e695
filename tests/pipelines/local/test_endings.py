"""Real runs that end otherwise than well, or go on serving: what they leave, print and offer."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from demo_run import PLAN


def run(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sevenfold", "run", "plan.yaml", *options],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
    )


@pytest.mark.slow
def test_an_address_is_shown_of_a_predictor_that_goes_on_serving(home: Path) -> None:
    done = run(home, "--keep-serving")
    folder = home / "runs/demo/1"
    service = json.loads(next(folder.glob("artifacts/*/deploy-model/service/service.json")).read_text())
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        with urlopen(f"{service['url']}/v2/health/ready", timeout=10) as answer:  # noqa: S310
            assert answer.status == 200
        for text in (done.stdout, (folder / "report.html").read_text()):
            assert f"curl -s {service['url']}/v1/models/demo:predict" in text
            assert "sevenfold serve runs" not in text
    finally:
        os.kill(service["pid"], signal.SIGTERM)


@pytest.mark.slow
def test_a_refused_run_says_which_gate_what_did_not_run_and_how_to_go_on(home: Path) -> None:
    (home / "plan.yaml").write_text(PLAN + "testing: {gates: [{metric: log_loss, at_most: 0.001}]}\n")
    done = run(home, "--seed", "3")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "– 6 inference    Did not run: the model was refused.\n" in done.stdout
    assert "– 7 monitoring   Did not run: the model was refused.\n" in done.stdout
    assert "log_loss must be at most 0.001, but is" in done.stdout
    assert "run plan.yaml --seed 3\n" in done.stdout
    page = (home / "runs/demo/1/report.html").read_text()
    assert page.count('<span class="headline">Did not run: the model was refused.</span>') == 2
    for text in (done.stdout, page):
        assert "curl" not in text
        assert "sevenfold serve" not in text
    assert max(map(len, done.stdout.splitlines())) < 100 + len(sys.executable)
