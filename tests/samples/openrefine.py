"""OpenRefine's own engine as an oracle: one JVM for a whole test session, asked by lines of JSON.

Needs a JDK, Maven, and Maven Central the first time; without them the tests that use it are skipped. The jars lie in
``~/.cache/sevenfold-tests/openrefine-3.9.5``, or where SEVENFOLD_OPENREFINE says.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.refine.grel import storable
from sevenfold.refine.grel.fields import Cell
from sevenfold.refine.values import EvalError, text_of

PROGRAM = Path(__file__).parents[1] / "refine/oracle"
VERSION = "3.9.5"
DOWNLOAD_SECONDS = 300


class Refused(EvalError):
    """An expression that OpenRefine does not parse, or an evaluation in which it throws."""


class Other(EvalError):
    """A value that no cell can hold, such as a row or JSON; the message is its text."""


class OpenRefine:
    """A running engine.

    Args:
        jars: the folder of its jars.
        scratch: an empty folder for its projects.
    """

    def __init__(self, jars: Path, scratch: Path) -> None:
        # The language and the zone are fixed because OpenRefine takes them from the machine.
        # Neighbours depend on the number of processors: each compares a share of the blocks, and a cluster may be cut.
        settings = ["-Duser.timezone=UTC", "-Duser.language=en", "-Duser.country=US", "-XX:TieredStopAtLevel=1"]
        settings.append("-XX:ActiveProcessorCount=1")
        program = [str(PROGRAM / "Oracle.java"), str(scratch), str(PROGRAM / "operations.txt")]
        self.process = subprocess.Popen(
            ["java", *settings, f"-Djava.io.tmpdir={scratch}", "-cp", f"{jars}/*", *program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send one request and return its answer as `Oracle.java` writes it."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "OpenRefine's engine has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def evaluate(self, cases: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Any]:
        """Return what each expression gives for its bindings: value, cells by name, rowIndex, columnName."""
        results = self.ask({"evaluate": [_question(*case) for case in cases]})["results"]
        return [decode(result) for result in results]

    def apply(self, csv: str, history: Sequence[Mapping[str, Any]], **options: object) -> dict[str, Any]:
        """Import a CSV, apply a history, and return columns, rows with typed values, flags and the exported CSV."""
        answer = self.ask({"csv": csv, "apply": list(history), "options": options})
        answer["rows"] = [[decode(value) for value in row] for row in answer.get("rows", [])]
        return answer

    def cluster(self, values: Sequence[Any], clusterer: Mapping[str, Any]) -> list[list[tuple[str, int]]]:
        """Return the clusters of a column, each as its texts and how often they stand there."""
        asked = {"column": "values", **clusterer}
        answer = self.ask({"cluster": asked, "values": [encode(value) for value in values]})
        return [[(choice["v"], choice["c"]) for choice in cluster] for cluster in answer["clusters"]]

    def keys(self, keyer: str, texts: Sequence[str]) -> list[Any]:
        """Return the key of each text."""
        found: list[Any] = self.ask({"keys": keyer, "texts": list(texts)})["keys"]
        return found

    def close(self) -> None:
        """End the engine."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=30)


def _question(expression: str, bindings: Mapping[str, Any]) -> dict[str, Any]:
    cells = {name: encode(value) for name, value in bindings.get("cells", {}).items()}
    rest = {name: bindings[name] for name in ("rowIndex", "columnName") if name in bindings}
    return {"expression": expression, "value": encode(bindings.get("value")), "cells": cells, **rest}


def encode(value: Any) -> Any:
    """Return a cell's value as the oracle's JSON."""
    if value is None or isinstance(value, (str, bool)):
        return value
    kind = {int: "long", float: "double", datetime: "date"}.get(type(value), "error")
    return {kind: text_of(value)}


def decode(result: Any) -> Any:
    """Return a value of the oracle's JSON as a cell's value."""
    if isinstance(result, list):
        return [decode(part) for part in result]
    if not isinstance(result, dict):
        return result
    (kind, text), *_ = result.items()
    if kind == "long":
        return int(text)
    if kind == "double":
        return float(text)
    if kind == "date":
        # A year of more than four digits has no datetime; fractions are cut to microseconds.
        return datetime.fromisoformat(text) if text[4] == "-" and text[:4] != "0000" else f"far date {text}"
    if kind == "error":
        return EvalError(text)
    return Other(result["text"]) if kind == "other" else Refused(text)


def _jars() -> Path:
    """Return the folder of OpenRefine's jars, downloaded once; skip where that cannot be."""
    home = Path.home() / f".cache/sevenfold-tests/openrefine-{VERSION}"
    folder = Path(os.environ.get("SEVENFOLD_OPENREFINE", home))
    if not shutil.which("javac"):
        pytest.skip("a JDK is needed to ask OpenRefine's engine")
    if folder.is_dir():
        return folder
    if not shutil.which("mvn"):
        pytest.skip("Maven is needed to fetch OpenRefine's engine")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        # Into a folder of its own, then renamed: another session may be downloading too.
        new = Path(scratch) / "jars"
        command = ["mvn", "-B", "-q", "-f", str(PROGRAM / "pom.xml"), "dependency:copy-dependencies"]
        try:
            subprocess.run(
                [*command, f"-DoutputDirectory={new}"], capture_output=True, timeout=DOWNLOAD_SECONDS, check=True
            )
        except subprocess.SubprocessError:
            pytest.skip("OpenRefine's engine could not be fetched from Maven Central")
        if not folder.is_dir():
            new.rename(folder)
    return folder


@pytest.fixture(scope="session")
def openrefine_jars() -> Path:
    """The folder of OpenRefine's jars and of all that they need."""
    return _jars()


@pytest.fixture(scope="session")
def openrefine(openrefine_jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenRefine]:
    """OpenRefine's engine, running for the session."""
    engine = OpenRefine(openrefine_jars, tmp_path_factory.mktemp("openrefine"))
    yield engine
    engine.close()


def agrees(ours: Any, theirs: Any) -> bool:
    """Return whether our value is OpenRefine's: kinds, signs of zero and offsets included, but not words of errors.

    Where OpenRefine refuses or throws, ours must be a `DataError`.
    """
    if isinstance(theirs, Refused):
        return isinstance(ours, DataError)
    if isinstance(theirs, Other):
        return isinstance(ours, Cell) or isinstance(storable(ours), EvalError)
    if isinstance(theirs, EvalError):
        return isinstance(ours, EvalError)
    if type(ours) is not type(theirs):
        return False
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(agrees, ours, theirs))
    if isinstance(ours, float):
        if math.isnan(ours) or math.isnan(theirs):
            return math.isnan(ours) and math.isnan(theirs)
        return ours == theirs and math.copysign(1, ours) == math.copysign(1, theirs)
    if isinstance(ours, datetime):
        return ours == theirs and ours.utcoffset() == theirs.utcoffset()
    return bool(ours == theirs)
