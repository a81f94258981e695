"""What a local run hands to its stages."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.pipelines.local import run as local
from sevenfold.pipelines.local.run import LocalRun, run_locally
from sevenfold.plan import load_plan
from sevenfold.tables.sources import sources_of, table_digest

PLAN = """\
version: 1
name: demo
data:
  source: {source}
  target: y
  task: binary
  columns:
    a: {{kind: number}}
    y: {{kind: category, role: target}}
"""


@pytest.mark.parametrize("source", ["parts/*.csv", "[parts/1.csv, parts/2.csv]"])
@pytest.mark.parametrize("data", ["", "other/*.csv"])
def test_a_table_in_several_files_is_handed_over_whole(tmp_path, monkeypatch, source, data):
    for folder in ("parts", "other"):
        (tmp_path / folder).mkdir()
        for number in (2, 1):
            (tmp_path / folder / f"{number}.csv").write_text(f"a,y\n{number},{folder}\n")
    (tmp_path / "plan.yaml").write_text(PLAN.format(source=source))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(local, "_supervise", lambda folder, view, most_seconds: False)
    monkeypatch.setattr(local, "conclude", lambda folder, finished, **_: SimpleNamespace(folder=folder, not_run=()))
    wanted = LocalRun(plan_path=tmp_path / "plan.yaml", runs=tmp_path / "runs", data=data)
    run_locally(wanted, load_plan(tmp_path / "plan.yaml"), None)
    arguments = json.loads((tmp_path / "runs" / "demo" / "1" / "run.json").read_text())["arguments"]
    files = [tmp_path / ("other" if data else "parts") / f"{number}.csv" for number in (1, 2)]
    assert [Path(text) for text in sources_of(arguments["data"])] == files
    assert arguments["data_digest"] == table_digest(files)


def test_a_file_without_a_column_costs_no_run(tmp_path):
    for number, header in ((1, "a,y"), (2, "b,y")):
        (tmp_path / f"{number}.csv").write_text(f"{header}\n1,p\n")
    (tmp_path / "plan.yaml").write_text(PLAN.format(source='"?.csv"'))
    wanted = LocalRun(plan_path=tmp_path / "plan.yaml", runs=tmp_path / "runs")
    with pytest.raises(DataError, match=r"2\.csv lacks 'a'"):
        run_locally(wanted, load_plan(tmp_path / "plan.yaml"), None)
    assert not (tmp_path / "runs").exists()
