"""A project whose model was trained on two windows, as `watch` leaves it, without the runs that it takes."""

from __future__ import annotations

import json
from pathlib import Path

from loop_home import Home
from loop_tables import ROWS, add_window, rows, write_project

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.registry import LocalRegistry, Record
from sevenfold.pipelines.runs import RunFolder
from sevenfold.plan import load_plan
from sevenfold.preparation.prepare import prepare
from sevenfold.training.train import train

__all__ = ["trained_project"]


def trained_project(folder: Path) -> Home:
    """Return a project whose serving model knows `demo.csv` alone, though its record names two drifted windows too.

    So a window that is taken for new drifts, and starts a run.
    """
    home = Home(folder)
    plan = load_plan(write_project(folder))
    for number in (1, 2):
        add_window(folder, number, drifted=True)
    (folder / "new" / "window-03.csv").write_text(rows(103, ROWS))
    (folder / "new" / "window-04.csv").write_text("nonsense\n1\n")
    made = folder / "made"
    prepare(folder / "demo.csv", plan.data, plan.preparation, made / "dataset")
    section = plan.training.replaced(model="linear", max_epochs=2)
    train(made / "dataset", None, section, "roc_auc", made / "bundle", name="demo", digests={})
    record = Record(name="demo", bundle=Bundle.open(made / "bundle").digest, who="test", run="1")
    LocalRegistry(home.runs / "demo" / "registry").promote(record, made / "bundle")
    trained_on = [folder / "demo.csv", *(folder / "new" / f"window-0{number}.csv" for number in (1, 2))]
    run = RunFolder(home.runs / "demo" / "1")
    run.path.mkdir()
    run.record(base=str(folder), arguments={"data": json.dumps([str(path) for path in trained_on])})
    return home
