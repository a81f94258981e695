"""Whether two checkouts make the same bytes: ``python -m benchmarks.digests --baseline PATH``.

Runs `sevenfold init` and `sevenfold run` on five tables, and the flights example, with the command line of each
checkout, and prints the digests of the manifests of dataset and bundle. A manifest names every file of its folder with
its SHA-256. Exit status 1 where they differ.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.checkout import HERE, Checkout, public_tables
from benchmarks.pairs import progress

FLIGHTS = "flights"
TABLES = ("iris", "wine", "diabetes", "penguins", "seattle_weather")
SHOWN = 16  # hexadecimal digits


@dataclass(frozen=True)
class Digests:
    """What a run made, and the CPU seconds it took."""

    dataset: str
    bundle: str
    cpu: float

    @property
    def made(self) -> tuple[str, str]:
        """The digests without the time."""
        return self.dataset, self.bundle


def run_table(checkout: Checkout, name: str, folder: Path, *options: str) -> Digests:
    """Run one table with a checkout in an empty folder, and return the digests of what it made."""
    if name == FLIGHTS:
        plan = str(checkout.flights_plan())
        cpu = checkout.run("run", plan, "--runs", str(folder / "runs"), *options, folder=folder)
    else:
        make, target, _ = public_tables()[name]
        cpu = checkout.init_and_run(make(folder), target, *options)
    [run] = folder.glob("runs/*/1")
    dataset, bundle = (_digest(run / kind / "manifest.json") for kind in ("dataset", "bundle"))
    return Digests(dataset, bundle, cpu)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:SHOWN]


def compare_table(name: str, checkouts: dict[str, Checkout], options: list[str]) -> bool:
    """Run one table with every checkout, print a line each, and return whether all made the same bytes."""
    made = set()
    for label, checkout in checkouts.items():
        progress(f"{name}: {label}")
        with tempfile.TemporaryDirectory() as folder:
            digests = run_table(checkout, name, Path(folder), *options)
        made.add(digests.made)
        verdict = "" if len(checkouts) == 1 or label == "here" else ("equal" if len(made) == 1 else "DIFFERENT")
        line = f"{name:<16} {label:<9} {digests.dataset}  {digests.bundle}  {digests.cpu:>6.1f}  {verdict}"
        print(line.rstrip(), flush=True)
    return len(made) == 1


def main() -> int:
    """Print the digests of every table; return 1 where two checkouts differ."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.digests", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--baseline", type=Path, help="Another checkout with its .venv, to compare with.")
    parser.add_argument("--tables", nargs="+", choices=[*TABLES, FLIGHTS], default=[*TABLES, FLIGHTS])
    parser.add_argument("--checkout", type=Path, default=HERE.folder, help="Run this one instead of this checkout.")
    parser.add_argument("--quick", action="store_true", help="Iris alone, without a search.")
    given = parser.parse_args()
    checkouts = {"here": Checkout(given.checkout)}
    if given.baseline:
        checkouts["baseline"] = Checkout(given.baseline)
    tables = TABLES[:1] if given.quick else given.tables
    options = ["--trials", "0"] if given.quick else []
    print(f"{'table':<16} {'checkout':<9} {'dataset':<{SHOWN}}  {'bundle':<{SHOWN}}  {'CPU s':>6}")
    equal = [compare_table(name, checkouts, options) for name in tables]
    return 0 if all(equal) else 1


if __name__ == "__main__":
    sys.exit(main())
