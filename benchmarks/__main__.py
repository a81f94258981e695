"""All benchmarks, one after the other, and one table of their rows: ``python -m benchmarks [--quick]``.

Progress and the rows as they come go to stderr, the table to stdout. Rows of a Kubeflow run and of an earlier checkout
need what only a person knows: ``--run`` with ``KF_PIPELINES_ENDPOINT``, and ``--baseline``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.pairs import progress
from benchmarks.rows import read_rows, table

NAMES = (
    "training", "tuning", "serving", "prepare", "refine", "init", "testing", "glue", "lifecycle",
    "models", "model_cost", "drift", "cluster",
)  # fmt: skip


def main() -> int:
    """Run each benchmark in a process of its own; return 1 if one of them failed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="One pair of a small size each.")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, help="Run these alone.")
    parser.add_argument("--baseline", type=Path, help="For init, testing, lifecycle: an earlier checkout with .venv.")
    parser.add_argument("--run", help="For cluster: the id of a finished run.")
    options = parser.parse_args()
    earlier = ["--baseline", str(options.baseline)] if options.baseline else []
    own = {
        "init": earlier,
        "testing": earlier,
        "lifecycle": earlier,
        "cluster": [options.run] if options.run else [],
    }
    failed, started = [], time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.jsonl"
        for number, name in enumerate(options.only, start=1):
            seconds = time.monotonic() - started
            progress(f"--- {name}, {number} of {len(options.only)}, after {seconds / 60:.1f} min")
            command = [sys.executable, "-m", f"benchmarks.{name}", "--rows", str(file), *own.get(name, [])]
            done = subprocess.run([*command, *["--quick"] * options.quick], stdout=sys.stderr, check=False)
            failed += [name] if done.returncode else []
        print(table(read_rows(file)))
    progress(f"--- all, after {(time.monotonic() - started) / 60:.1f} min")
    for name in failed:
        progress(f"benchmarks.{name} failed; see above")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
