"""Notebooks: parameters stay data, progress per cell, one error names the cell, the page needs no network."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.design.notebook import built_in_notebook, run_notebook, write_notebook_page
from sevenfold.design.parameters import METADATA, Parameters, load_sample, parameters
from sevenfold.plan import DataSection

INJECTIONS = [
    "'; open('MARK', 'w'); '",
    '"); open("MARK", "w"); ("',
    "'''\nopen('MARK', 'w')\n'''",
    '"""\nopen("MARK", "w")\n"""',
    "\\'; open('MARK', 'w') #",
    "a\nopen('MARK', 'w')\n",
    "a\r\nimport os; os.system('touch MARK')",
    "__import__('os').system('touch MARK')",
    "{{ open('MARK', 'w') }}",
    "{open('MARK', 'w')}",
    "%(x)s $HOME $(touch MARK) `touch MARK`",
    "!touch MARK",
    "%%bash\ntouch MARK",
    "\u2028open('MARK', 'w')\u2029\x85",
    "\\N{BULLET} \\x41 \\u0041 \\",
]
ODD = "# shown\nclass Odd:\n    def _repr_html_(self):\n        raise ValueError('no page')\n"
NOT_SHOWN = r"must show what it makes, but cell 2 of 3 \('# shown'\) raised ValueError: no page"
NAMES = "import json\nfrom sevenfold.design.parameters import parameters\n"


def section(**changes: object) -> DataSection:
    given = {
        "source": "t.csv",
        "target": "y",
        "task": "binary",
        "columns": {
            "x": {"kind": "number"},
            "k": {"kind": "integer"},
            "b": {"kind": "boolean"},
            "d": {"kind": "datetime"},
            "c": {"kind": "category"},
            "hidden": {"kind": "category", "sensitive": True},
            "y": {"kind": "category", "role": "target"},
        },
    }
    return DataSection.model_validate({**given, **changes})


def saved(path: Path, *cells: str) -> Path:
    nodes = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    path.write_text(nbformat.writes(nodes))
    return path


def outputs(path: Path) -> str:
    nodes = nbformat.reads(path.read_text(), as_version=4)
    return "".join(output.get("text", "") for cell in nodes.cells for output in cell.get("outputs", []))


@pytest.fixture
def table(tmp_path) -> Path:
    path = tmp_path / "t.csv"
    rows = [f"{i / 3},{i},{i % 2 == 0},2024-01-{1 + i:02d},{'ab'[i % 2]},secret{i},{'yn'[i % 2]}" for i in range(20)]
    path.write_text("x,k,b,d,c,hidden,y\n" + "\n".join(rows) + "\n,,,,,,\n")
    return path


def test_parameters_come_through_as_they_are(tmp_path):
    given = Parameters(table="t.csv", data=section(), own={"texts": INJECTIONS, "open('MARK', 'w')": 1})
    source = saved(
        tmp_path / "n.ipynb",
        NAMES + "import os, sys, IPython\nprint(json.dumps(parameters().own), '\\n', sys.executable)",
        "print(os.getcwd(), os.environ['IPYTHONDIR'])",
    )
    before = sorted(path.name for path in tmp_path.iterdir())
    steps: list[tuple[str, int, int]] = []
    run_notebook(source, given, tmp_path / "out.ipynb", on_progress=lambda *each: steps.append(each))
    lines = outputs(tmp_path / "out.ipynb").splitlines()
    assert json.loads(lines[0]) == given.own
    assert lines[1].strip() == sys.executable
    assert Path(lines[2].split()[0]) == tmp_path
    assert not Path(lines[2].split()[1]).exists()  # the kernel's own files are gone
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, "out.ipynb"])
    cells = nbformat.reads((tmp_path / "out.ipynb").read_text(), as_version=4).cells
    assert [cell.source for cell in cells] == [cell.source for cell in nbformat.reads(source.read_text(), 4).cells]
    assert steps == [("cell 1 of 2", 0, 2), ("cell 2 of 2", 1, 2), ("executed", 2, 2)]


def test_an_executed_notebook_can_be_run_again_where_it_lies(tmp_path, monkeypatch):
    given = Parameters(table="t.csv", data=section(), own={"text": INJECTIONS[0]})
    source = saved(tmp_path / "n.ipynb", NAMES + "print(parameters().own['text'])")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    run_notebook(source, given, folder / "out.ipynb")
    metadata = json.loads((folder / "out.ipynb").read_text())["metadata"]
    assert Parameters.model_validate(metadata[METADATA]["parameters"]) == given
    code = "".join(json.loads((folder / "out.ipynb").read_text())["cells"][0]["source"])
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("SEVENFOLD", "JPY"))}
    for where, more in ((folder, {}), (tmp_path, {"JPY_SESSION_NAME": str(folder / "out.ipynb")})):
        again = subprocess.run(
            [sys.executable, "-c", code], cwd=where, env={**alone, **more}, capture_output=True, text=True, check=True
        )
        assert again.stdout == INJECTIONS[0] + "\n"


@pytest.mark.parametrize(
    ("cells", "code", "message"),
    [
        (
            ("a = 1", "# the second\nraise ValueError('of\\nno use')"),
            "notebook_failed",
            r"cell 2 of 2 \('# the second'\)",
        ),
        (("1", f"{ODD}Odd()", "2"), "notebook_failed", NOT_SHOWN),
        (("1", f"{ODD}display(Odd())\n3", "2"), "notebook_failed", NOT_SHOWN),
        (("import time; time.sleep(60)",), "notebook_timeout", r"may run 2 s, but cell 1 of 1"),
        (("import os; os._exit(1)",), "kernel_died", "died at cell 1 of 1"),
    ],
)
def test_a_failing_cell_is_named_and_nothing_is_left(tmp_path, cells, code, message):
    source = saved(tmp_path / "n.ipynb", *cells)
    with pytest.raises(DataError, match=message) as caught:
        run_notebook(source, Parameters(table="t", data=section()), tmp_path / "out.ipynb", timeout_seconds=2)
    assert caught.value.code == code
    assert "\n" not in caught.value.message and "Traceback" not in caught.value.message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["n.ipynb"]


@pytest.mark.parametrize("content", ["", "no notebook", "[]", '{"cells": [1], "nbformat": 4}', '{"a": 1}', "\xff"])
def test_what_is_no_notebook_is_refused(tmp_path, content):
    path = tmp_path / "n.ipynb"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(DataError, match=r"n\.ipynb must be a") as caught:
        run_notebook(path, Parameters(table="t", data=section()), tmp_path / "out.ipynb")
    assert caught.value.code == "not_a_notebook"


def test_a_notebook_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="is not there") as caught:
        run_notebook(tmp_path / "n.ipynb", Parameters(table="t", data=section()), tmp_path / "out.ipynb")
    assert caught.value.code == "missing_notebook"


def test_parameters_start_from_the_plan_beside_them(tmp_path, people, monkeypatch):
    from sevenfold.design.propose import init_project

    plan = init_project(people, "left", tmp_path / "project").path
    monkeypatch.chdir(plan.parent)
    given = parameters()
    assert Path(given.table) == people.resolve()
    assert given.data.target == "left"
    plan.unlink()
    with pytest.raises(DataError, match=r"plan\.yaml") as caught:
        parameters()
    assert caught.value.code == "no_parameters"


def test_a_sample_is_typed_and_hides_what_is_sensitive(table):
    given = Parameters(table=str(table), data=section())
    frame = load_sample(given)
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "x": "float64",
        "k": "Int64",
        "b": "boolean",
        "d": "datetime64[us]",
        "c": "string",
        "y": "string",
    }
    assert len(frame) == 21
    assert frame.isna().sum().tolist() == [1] * 6
    assert frame["k"].tolist()[:20] == list(range(20))
    assert "secret" not in frame.to_string()
    few = load_sample(given.model_copy(update={"sample_rows": 7}))
    assert few["k"].tolist() == [0, 3, 6, 9, 12, 15, 18]


def test_the_built_in_notebook_carries_no_outputs():
    nodes = nbformat.reads(built_in_notebook(), as_version=4)
    nbformat.validate(nodes)
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in nodes.cells)
    assert METADATA not in nodes.metadata


def test_a_page_loads_nothing(tmp_path):
    nodes = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# Title\n\n$x^2$ <script src='https://evil.example/x.js'></script>"),
            nbformat.v4.new_code_cell("1 + 1", outputs=[nbformat.v4.new_output("stream", text="two < three\n")]),
        ]
    )
    source = tmp_path / "n.ipynb"
    source.write_text(nbformat.writes(nodes))
    write_notebook_page(source, tmp_path / "n.html")
    page = (tmp_path / "n.html").read_text()
    assert "two &lt; three" in page
    assert not re.findall(r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)\s*=\s*[\"']?(?:https?:)?//", page)
    assert not re.findall(r"@import|url\(\s*[\"']?https?:|import\s*\(?\s*[\"']https?:|fetch\(", page)


def test_a_sign_of_money_is_no_formula(tmp_path):
    """Two of them in a label made Matplotlib read what is between as one, and no figure was drawn."""
    columns = {
        "$x_{$": {"kind": "number"},
        "$z^$": {"kind": "number"},
        "$\\frac$": {"kind": "category"},
        "y_$^$": {"kind": "category", "role": "target"},
    }
    values = ["$0 - $9_{", "$10 - $20^"]
    rows = "".join(f"{i % 7},{i % 11},{values[i % 2]},{['$yes^$', '$no_$'][i % 3 > 0]}\n" for i in range(60))
    (tmp_path / "t.csv").write_text(",".join(columns) + "\n" + rows)
    data = section(target="y_$^$", columns=columns)
    out = tmp_path / "out.ipynb"
    cells = run_notebook(None, Parameters(table=str(tmp_path / "t.csv"), data=data), out)["cells"]
    pictures = [output for cell in cells for output in cell.get("outputs", ()) if "image/png" in output.get("data", {})]
    assert len(pictures) == 4  # target, numbers, categories, correlations
