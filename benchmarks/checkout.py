"""A checkout of this project with a virtual environment, and the tables of other people that runs are compared on."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from benchmarks.pairs import children_cpu

__all__ = ["HERE", "Checkout", "public_tables"]

TABLES = Path(__file__).parents[1] / "tests" / "samples" / "public_tables.py"
# No colours, and lines that are not broken.
PLAIN = {"NO_COLOR": "1", "COLUMNS": "200"}


@dataclass(frozen=True)
class Checkout:
    """A checkout whose `.venv` has Sevenfold installed from it."""

    folder: Path

    @property
    def command(self) -> str:
        """The command line of this checkout.

        Raises:
            SystemExit: where it is not installed.
        """
        path = self.folder.resolve() / ".venv" / "bin" / "sevenfold"
        if not path.is_file():
            raise SystemExit(f"{self.folder} must be a checkout with its .venv: `make .venv/.local` there makes it")
        return str(path)

    def flights_plan(self) -> Path:
        """Return the plan of the flights example, whose table is made where it is not there yet."""
        example = self.folder.resolve() / "examples" / "flights"
        if not (table := example / "flights.csv").is_file():
            python = Path(self.command).with_name("python")
            subprocess.run([str(python), str(example / "flights.py"), str(table)], check=True, stdout=sys.stderr)
        return example / "plan.yaml"

    def run(self, *arguments: str, folder: Path) -> float:
        """Run the command line in a folder and return its CPU seconds.

        Raises:
            SystemExit: with what it printed, where it failed.
        """
        return children_cpu([self.command, *arguments], folder=folder, **PLAIN)

    def init_and_run(self, table: Path, target: str, *options: str) -> float:
        """Propose a plan for a table, in the table's folder, and run it; return the CPU seconds of both."""
        planned = self.run("init", table.name, "--target", target, folder=table.parent)
        return planned + self.run("run", "plan.yaml", *options, folder=table.parent)


HERE = Checkout(Path(__file__).parents[1])


def public_tables() -> dict[str, tuple[Callable[[Path], Path], str, str]]:
    """Return ten tables by name: how a file of it is made in a folder, its target, its task."""
    spec = importlib.util.spec_from_file_location("public_tables", TABLES)
    assert spec is not None and spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tables: dict[str, tuple[Callable[[Path], Path], str, str]] = module.TABLES
    return tables
