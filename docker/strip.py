"""Take out of the predictor's image what it never runs: every program but Python, package managers, documentation.

Runs once, as root, while the image is built; the image is then copied whole, so that nothing of it stays in a layer.
The list of installed Debian packages stays, for scanners.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

PROGRAMS = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin")
SCRIPTS = Path("/opt/sevenfold/bin")
REMOVED = (
    "/mnt/cache",
    "/mnt/tools",
    "/root",
    "/usr/include",
    "/usr/lib/apt",
    "/usr/lib/python3",
    "/usr/local/include",
    "/usr/share/doc",
    "/usr/share/info",
    "/usr/share/locale",
    "/usr/share/man",
    "/usr/share/perl",
    "/usr/share/perl5",
    "/usr/share/python-wheels",
    "/var/cache",
    "/var/lib/apt",
    "/var/log",
    "/opt/sevenfold/constraints.txt",
    "/opt/sevenfold/install.sh",
    "/opt/sevenfold/pyproject.toml",
    "/wheels",
)
# What a library folder holds and a predictor does not need; ensurepip carries pip itself.
LIBRARIES = ("ensurepip", "idlelib", "lib2to3", "turtledemo", "tkinter", "pip", "setuptools", "perl", "perl-base")


def main() -> None:
    """Remove; what is not there is no fault, for base images differ."""
    pythons = {Path(sys.executable).resolve(), *(path.resolve() for path in SCRIPTS.glob("python*"))}
    for folder in dict.fromkeys(Path(name).resolve() for name in PROGRAMS):
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.resolve() not in pythons:
                remove(path)
    for path in SCRIPTS.iterdir():
        if not path.name.startswith("python"):
            remove(path)
    for name in REMOVED:
        remove(Path(name))
    for root in (Path("/usr/lib"), Path("/usr/local/lib")):
        for name in LIBRARIES:
            for pattern in (name, f"python3*/{name}", f"python3*/site-packages/{name}*", f"*-linux-gnu/{name}"):
                for path in root.glob(pattern):
                    remove(path)
    for path in Path("/usr").rglob("*.a"):
        remove(path)
    remove(Path(__file__))


def remove(path: Path) -> None:
    """Remove a file, a link or a whole tree."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        path.unlink()


if __name__ == "__main__":
    main()
