"""A recipe of ten menu operations against OpenRefine's own engine, on the same table: CPU seconds.

    python -m benchmarks.refine [--size 100000] [--pairs 3]

The table has 10 columns: texts with spaces, numbers, dates, lists of tags, gaps. Both must export the same CSV. The
engine is warm: it has replayed the recipe before; what its compiler and its collector spend is not counted. It needs a
JDK, and its jars in ``~/.cache/sevenfold-tests/openrefine-3.9.5`` or where SEVENFOLD_OPENREFINE says, where the tests
of refine put them.
"""

from __future__ import annotations

import csv
import io
import json
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.pairs import progress
from benchmarks.rows import Row, parser, report

SIZE, QUICK_SIZE, PAIRS, WARM_SIZE = 100_000, 500, 3, 20_000
STEPS, ALL = "refine, ten steps", "refine, import and export too"
ORACLE = Path(__file__).parents[1] / "tests/refine/oracle"
JARS = Path.home() / ".cache/sevenfold-tests/openrefine-3.9.5"
NAMES = ("id", "city", "amount", "date", "tags", "name", "code", "flag", "note", "group")


def make_table(rows: int) -> str:
    """Return the table as CSV."""
    draw = random.Random(0)  # noqa: S311
    cities = ["Zürich", " Zürich ", "zürich", "bern ", "Geneve", "St  Gallen", *(f"Town {i} " for i in range(300))]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(NAMES)
    for number in range(rows):
        date = f"20{draw.randint(10, 24)}-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}"
        tags = ";".join(draw.choices("abcd", k=3))
        amount, person = f"{draw.random() * 1_000:.2f}", f" person  {draw.randrange(50_000)}  x"
        code, flag = draw.choice(("x1", "X1", "x 1", "")), draw.choice(("true", "false", ""))
        note, group = draw.choice(("", "hello world", "caf&eacute; ")), draw.choice(("g1", "", "", "g2"))
        writer.writerow((number, draw.choice(cities), amount, date, tags, person, code, flag, note, group))
    return out.getvalue()


def recipe() -> list[dict[str, Any]]:
    """Return ten steps as OpenRefine's menus record them."""
    rows: dict[str, Any] = {"engineConfig": {"facets": [], "mode": "row-based"}}

    def transform(column: str, expression: str, *, repeat: bool = False) -> dict[str, Any]:
        marks = {"onError": "keep-original", "repeat": repeat, "repeatCount": 10}
        return {"op": "core/text-transform", **rows, "columnName": column, "expression": expression, **marks}

    edits = [{"from": [old], "fromBlank": False, "fromError": False, "to": new} for old, new in (("Geneve", "Genève"),)]
    split = {"guessCellType": True, "removeOriginalColumn": True, "mode": "separator", "separator": ";"}
    return [
        transform("city", "value.trim()"),
        transform("name", "value.replace(/[\\p{Zs}\\s]+/,' ')"),
        transform("note", "value.unescape('html')", repeat=True),
        transform("city", "value.toTitlecase()"),
        transform("amount", "value.toNumber()"),
        transform("date", "value.toDate()"),
        {"op": "core/mass-edit", **rows, "columnName": "city", "expression": "value", "edits": edits},
        {"op": "core/fill-down", **rows, "columnName": "group"},
        {"op": "core/column-split", **rows, "columnName": "tags", "regex": False, "maxColumns": 0, **split},
        transform("code", "value.toUppercase()"),
    ]


def ours(text: str, history: list[dict[str, Any]]) -> tuple[float, float, str]:
    """Return the CPU seconds of the steps, those of everything, and the exported CSV."""
    from sevenfold.refine.export_csv import csv_lines
    from sevenfold.refine.history import parse_history
    from sevenfold.refine.import_csv import import_csv

    begin = time.process_time()
    table = import_csv(text)
    imported = time.process_time()
    for step in parse_history(history).steps:
        table = step.apply(table)
    replayed = time.process_time()
    exported = "".join(csv_lines(table))
    return replayed - imported, time.process_time() - begin, exported


class Engine:
    """OpenRefine's engine in a JVM of its own."""

    def __init__(self, jars: Path, scratch: Path) -> None:
        settings = ["-Xmx3g", "-Duser.timezone=UTC", "-Duser.language=en", "-Duser.country=US"]
        program = [str(ORACLE / "Oracle.java"), str(scratch), str(ORACLE / "operations.txt")]
        command = ["java", *settings, f"-Djava.io.tmpdir={scratch}", "-cp", f"{jars}/*", *program]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def measure(self, text: str, history: list[dict[str, Any]]) -> tuple[float, float, str]:
        """Return what `ours` does, from the engine."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"csv": text, "apply": history, "quiet": True}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        seconds = [answer[f"{part}Seconds"] for part in ("step", "import", "export")]
        return seconds[0], sum(seconds), answer["csv"]

    def close(self) -> None:
        """End the engine."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=60)


def measure(size: int, pairs: int, *, quick: bool) -> Iterator[Row]:
    """Compare both on one table."""
    jars = Path(os.environ.get("SEVENFOLD_OPENREFINE", JARS))
    if not shutil.which("java") or not jars.is_dir():
        for name in (STEPS, ALL):
            yield Row(name, missing="no JDK, or no jars of OpenRefine")
        return
    text, history = make_table(size), recipe()
    mine: list[tuple[float, float, str]] = []
    theirs: list[tuple[float, float, str]] = []
    with tempfile.TemporaryDirectory() as scratch:
        engine = Engine(jars, Path(scratch))
        warm = make_table(min(size, WARM_SIZE))
        for side in (ours, engine.measure):
            side(warm, history)
        for number in range(1 if quick else pairs):
            progress(f"refine: pair {number + 1}")
            mine.append(ours(text, history))
            theirs.append(engine.measure(text, history))
            assert mine[-1][2] == theirs[-1][2], "the exported tables differ"
        engine.close()
    for name, part in ((STEPS, 0), (ALL, 1)):
        yield Row(name, [each[part] for each in mine], [each[part] for each in theirs], quick=quick)


def main() -> None:
    """Measure."""
    options = parser("refine", __doc__, pairs=PAIRS)
    options.add_argument("--size", type=int, default=SIZE, help="Rows of the table (default: %(default)s).")
    given = options.parse_args()
    size = QUICK_SIZE if given.quick else given.size
    report(measure(size, given.pairs, quick=given.quick), given.rows)


if __name__ == "__main__":
    main()
