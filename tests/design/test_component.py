"""The component: four outputs, and nothing of a person in any of them."""

from __future__ import annotations

import json

import nbformat
import pytest
from kfp import dsl

from sevenfold.contracts.canonical import canonical_json
from sevenfold.design.component import explore_data
from sevenfold.design.propose import propose_plan
from sevenfold.report.page import read_report
from sevenfold.runtime.progress import parse_progress

OUTPUTS = {"report": dsl.HTML, "summary": dsl.Markdown, "notebook": dsl.Artifact, "notebook_page": dsl.HTML}


def settings(plan) -> str:
    return canonical_json({"data": plan.data.model_dump(mode="json"), "design": plan.design.model_dump(mode="json")})


def test_a_table_is_explored(people, tmp_path, capsys):
    plan = propose_plan(people, "left").plan
    artifacts = {name: kind(uri=str(tmp_path / "out" / name)) for name, kind in OUTPUTS.items()}
    (tmp_path / "out").mkdir()
    explore_data.python_func(data=str(people), settings=settings(plan), **artifacts)
    made = {name: (tmp_path / "out" / name).read_text() for name in OUTPUTS}
    for name, text in made.items():
        assert "Miller" not in text and "secret" not in text and "+47 55" not in text, name
        assert "town" in text and "Bergen" in text, name
    report = read_report(tmp_path / "out" / "report")
    assert report.stage == "design"
    assert report.headline.startswith("400 rows and 10 columns, 4 of them features, to predict 'left'")
    nodes = nbformat.reads(made["notebook"], as_version=4)
    code = [cell for cell in nodes.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]
    assert not [output for cell in code for output in cell.outputs if output.get("name") == "stderr"]
    steps = [step for line in capsys.readouterr().out.splitlines() if (step := parse_progress(line))]
    assert {step.stage for step in steps} == {"design"}
    assert any(step.message == f"cell 1 of {len(code)}" for step in steps)


def test_a_failure_is_one_line(people, tmp_path, capsys):
    plan = propose_plan(people, "left").plan
    artifacts = {name: kind(uri=str(tmp_path / "out" / name)) for name, kind in OUTPUTS.items()}
    with pytest.raises(SystemExit):
        explore_data.python_func(data=str(tmp_path / "none.csv"), settings=settings(plan), **artifacts)
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["stage"], last["code"], last["exit_status"]) == ("design", "missing_file", 2)
    assert not (tmp_path / "out").exists()
