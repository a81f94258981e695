"""A program called `docker` that starts a container's command as a process of this machine.

It knows what SageMaker's local mode asks for: the version, the images, and the services of a compose file. Of their
volumes, inputs are copied and the others linked below a folder that stands for ``/opt/ml``. `SEVENFOLD_PYTHON` is the
Python that has our packages.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

ROOT = "/opt/ml/"
INPUTS = "/opt/ml/processing/input/"


def main(arguments: list[str]) -> int:
    match arguments:
        case ["compose", "version"]:
            sys.stdout.write("Docker Compose version v2.0.0\n")
        case ["images", "-q", _]:
            sys.stdout.write("here\n")
        case ["compose", "-f", file, "up", *_]:
            services = yaml.safe_load(Path(file).read_text())["services"]
            return max(start(service) for service in services.values())
        case _:
            raise SystemExit(f"not known here: docker {' '.join(arguments)}")
    return 0


def start(service: dict[str, Any]) -> int:
    with tempfile.TemporaryDirectory(prefix="opt-ml-") as folder:
        root = Path(folder)
        for volume in sorted(service["volumes"], key=lambda text: text.split(":")[1]):
            host, inside = volume.split(":")[:2]
            place(root, Path(host), inside)
        entry, command = service.get("entrypoint", []), service.get("command", [])
        words = [*entry, *(command if isinstance(command, list) else [])]
        words = [os.environ["SEVENFOLD_PYTHON"] if word == "python" else word for word in words]
        given = dict(text.split("=", 1) for text in service.get("environment", []))
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        return subprocess.run([*words, f"--root={root}"], env={**kept, **given}, check=False).returncode


def place(root: Path, host: Path, inside: str) -> None:
    """Put a volume where its container would have it."""
    target = root / inside.removeprefix(ROOT.rstrip("/")).lstrip("/")
    host.mkdir(parents=True, exist_ok=True)
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if inside.startswith(INPUTS):
        shutil.copytree(host, target)  # a sealed folder is refused where it is a link
    else:
        target.symlink_to(host)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
