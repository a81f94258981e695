from __future__ import annotations

import logging
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.tuning import RaySection
from sevenfold.ray.session import ray_session
from sevenfold.ray.use import TUNING


def own_rays() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [process for process in children if "ray" in " ".join(process.cmdline())]


@pytest.mark.extended
def test_ray_on_this_machine_lives_in_a_private_folder_and_ends_with_the_block(
    installed: None, capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")  # of another cluster, which the plan does not name
    environment, handler = dict(os.environ), signal.getsignal(signal.SIGTERM)
    level = logging.getLogger("ray").level
    messages: list[str] = []
    for _ in range(2):  # the second one has a token of its own
        with ray_session(RaySection(concurrent_trials=2, cpu=1), TUNING, messages.append) as folder:
            import ray

            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert stat.S_IMODE((folder / "token").stat().st_mode) == 0o600
            assert ray.cluster_resources()["CPU"] == 2
            assert ray.get(ray.remote(lambda: 3).remote()) == 3
            raylets = own_rays()
            assert raylets
            servers = [process for process in raylets if process.name() in ("gcs_server", "raylet")]
            assert len(servers) == 2
            assert {server.environ()["RAY_USAGE_STATS_ENABLED"] for server in servers} == {"0"}
        _, alive = psutil.wait_procs(raylets, timeout=20)
        assert not alive
        assert not folder.exists()
    assert dict(os.environ) == environment
    assert signal.getsignal(signal.SIGTERM) is handler
    assert logging.getLogger("ray").level == level
    assert list(tmp_path.iterdir()) == [], "nothing in the home folder"
    assert messages[0] == "starting Ray on this machine"
    assert capfd.readouterr().out == ""


@pytest.mark.extended
def test_the_cluster_of_an_address_goes_on_after_the_search(head: str) -> None:
    for _ in range(2):
        with ray_session(RaySection(address=head), TUNING):
            import ray

            assert ray.cluster_resources()["CPU"] == 2


@pytest.mark.extended
def test_a_process_that_is_connected_already_is_refused(head: str) -> None:
    section = RaySection(address=head)
    with ray_session(section, TUNING), pytest.raises(TrainingError) as caught, ray_session(section, TUNING):
        pass
    assert caught.value.code == "ray_running"


def test_without_ray_the_remedy_is_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(TrainingError) as caught, ray_session(RaySection(), TUNING):
        pass
    assert caught.value.code == "no_ray"
    assert caught.value.remedy == "pip install 'sevenfold[ray]'"


def test_nobody_else_imports_ray() -> None:
    script = """
import sys
import sevenfold.tuning.stage, sevenfold.pipelines.doctor, sevenfold.cli.main
from sevenfold.plan.tuning import Dimension, TuningSection
from sevenfold.tuning.engines.optuna import search
search(lambda settings, _: settings["x"], TuningSection(trials=3), {"x": Dimension(low=0.0, high=1.0)}, "minimize")
import sevenfold.tuning.engines.ray.engine
assert "ray" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
