"""Where Arrow takes memory from: images and local runs say the same."""

from __future__ import annotations

from pathlib import Path

from sevenfold.runtime.environment import ARROW_MEMORY

ROOT = Path(__file__).parents[2]


def test_images_set_what_local_runs_set():
    docker = (ROOT / "docker/Dockerfile").read_text()
    for name, value in ARROW_MEMORY.items():
        assert f" {name}={value} " in docker
