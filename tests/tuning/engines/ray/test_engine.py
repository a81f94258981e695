from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.tuning import Dimension, TuningSection
from sevenfold.runtime.checkpoint import Checkpoints, checkpoints_at
from sevenfold.tuning.engines.optuna import Search, search
from sevenfold.tuning.engines.ray.engine import run_on_ray
from sevenfold.tuning.study import Objective, OnEpoch, Outcome, Study

Space = dict[str, Dimension]
FIRST = {"rate": 0.03}


def on_ray(
    objective: Objective, section: TuningSection, space: Space, head: str, checkpoints: Checkpoints | None = None
) -> Study:
    section = section.replaced(ray=section.ray.replaced(address=head).model_dump())
    source = Search(section, space, "minimize", first=FIRST, checkpoints=checkpoints)
    run_on_ray(source, {"": objective}, section.ray, "minimize")
    source.flush()
    return source.study(section.trials)


def plain(study: Study) -> list[dict[str, Any]]:
    return [trial.record() for trial in study.trials]


@pytest.mark.extended
@pytest.mark.parametrize(("sampler", "pruner"), [("tpe", "median"), ("random", "hyperband"), ("cmaes", "none")])
def test_one_trial_at_a_time_is_the_study_of_one_process(
    head: str, space: Space, objective: Objective, sampler: str, pruner: str
) -> None:
    section = TuningSection(trials=14, sampler=sampler, pruner=pruner)
    expected = search(objective, section, space, "minimize", first=FIRST)
    study = on_ray(objective, section, space, head)
    assert plain(study) == plain(expected)
    assert study.best is not None and expected.best is not None
    assert study.best.record() == expected.best.record()


@pytest.mark.extended
@pytest.mark.parametrize("sampler", ["tpe", "grid"])
def test_conditions_hold_on_ray_too(head: str, sampler: str) -> None:
    space = {
        "floor": Dimension(low=0, high=0.5, step=0.25, when={"schedule": ["cosine"]}),
        "schedule": Dimension(choices=("constant", "cosine")),
    }

    def tried(settings: Mapping[str, Any], on_epoch: OnEpoch) -> float:
        assert ("floor" in settings) == (settings["schedule"] == "cosine")
        return float(settings.get("floor", 1.0))

    section = TuningSection(trials=8, sampler=sampler)
    study = on_ray(tried, section, space, head)
    assert {trial.state for trial in study.trials} == {"complete"}
    assert len(study.trials) == (4 if sampler == "grid" else 8), "the grid has four combinations"
    assert plain(study) == plain(search(tried, section, space, "minimize", first=FIRST))


@pytest.mark.extended
def test_a_latency_comes_back_from_the_worker(head: str, space: Space) -> None:
    def tried(settings: Mapping[str, Any], on_epoch: OnEpoch) -> Outcome:
        return Outcome(settings["rate"], latency_ms=settings["width"] / 10)

    section = TuningSection.model_validate({"trials": 6, "pruner": "none", "latency": {"limit_ms": 3}})
    study = on_ray(tried, section, space, head)
    assert [trial.latency_ms for trial in study.trials] == [trial.settings["width"] / 10 for trial in study.trials]
    assert plain(study) == plain(search(tried, section, space, "minimize", first=FIRST))


@pytest.mark.extended
def test_a_machine_that_is_no_node_joins_for_the_search_and_leaves(
    head: str, space: Space, objective: Objective, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sevenfold.ray.session.lies_here", lambda address: False)
    home = Path(tempfile.mkdtemp(prefix="j"))  # pytest's own is too long for a socket's path
    monkeypatch.setattr("tempfile.tempdir", str(home))
    section, kept = TuningSection(trials=8), checkpoints_at(str(tmp_path), "search")
    expected = search(objective, section, space, "minimize", first=FIRST)
    study = on_ray(objective, section, space, head, kept)
    assert plain(study) == plain(expected)
    again = search(objective, section, space, "minimize", first=FIRST, checkpoints=kept)
    assert again.resumed == 8, "finished trials are kept here, whichever engine goes on"
    assert list(home.iterdir()) == []
    commands = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    assert not [command for command in commands if str(home) in command]
    home.rmdir()


@pytest.mark.extended
def test_a_cluster_that_does_not_answer_is_named(space: Space, objective: Objective, installed: None) -> None:
    with pytest.raises(TrainingError) as caught:
        on_ray(objective, TuningSection(trials=2), space, "127.0.0.1:1")
    assert caught.value.code == "ray_unreachable"


@pytest.mark.extended
def test_failing_and_nan_trials_are_recorded_as_in_one_process(head: str, space: Space, objective: Objective) -> None:
    def fragile(settings: Mapping[str, Any], on_epoch: OnEpoch) -> float:
        if settings["width"] % 4 == 0:
            raise RuntimeError("no room")
        if settings["width"] % 4 == 1:
            return math.nan
        if settings["width"] % 4 == 2:
            on_epoch(1, math.inf)
        return objective(settings, on_epoch)  # type: ignore[return-value]

    section = TuningSection(trials=16, sampler="random")
    expected = search(fragile, section, space, "minimize", first=FIRST)
    study = on_ray(fragile, section, space, head)
    assert plain(study) == plain(expected)
    causes = {trial.cause.partition(":")[0] for trial in study.trials}
    assert causes == {"", "RuntimeError", "TrainingError"}


@pytest.mark.extended
def test_a_lost_worker_loses_no_trial_and_a_hopeless_one_is_recorded(
    head: str, space: Space, objective: Objective, tmp_path: Path
) -> None:
    def dies(settings: Mapping[str, Any], on_epoch: OnEpoch) -> float:
        """The first trial's worker dies once, the second one's always."""
        import os

        known = settings["rate"] == 0.03
        if not (tmp_path / "known").exists() or not known:
            (tmp_path / ("known" if known else "other")).touch()
            on_epoch(1, 0.5)
            os._exit(9)
        return objective(settings, on_epoch)  # type: ignore[return-value]

    study = on_ray(dies, TuningSection(trials=2), space, head)
    again, hopeless = study.trials
    assert (tmp_path / "known").exists() and (tmp_path / "other").exists()
    assert (again.state, again.cause, len(again.curve)) == ("complete", "", 6), "each epoch is recorded once"
    assert (hopeless.state, hopeless.cause, len(hopeless.curve)) == ("failed", "its worker was lost 3 times", 1)


@pytest.mark.extended
def test_two_at_a_time_use_every_trial_and_go_on_with_what_is_missing(
    head: str, space: Space, objective: Objective, tmp_path: Path
) -> None:
    section = TuningSection(trials=10, ray={"concurrent_trials": 2})
    kept = checkpoints_at(str(tmp_path), "search")
    study = on_ray(objective, section, space, head, kept)
    assert [trial.number for trial in study.trials] == list(range(10))
    assert len({trial.settings["rate"] for trial in study.trials}) == 10
    again = on_ray(objective, section, space, head, kept)
    assert (again.resumed, plain(again)) == (10, plain(study))


@pytest.mark.extended
def test_a_trial_larger_than_every_node_is_refused(head: str, space: Space, objective: Objective) -> None:
    with pytest.raises(TrainingError, match="node with 64 CPUs") as caught:
        on_ray(objective, TuningSection(trials=2, ray={"cpu": 64}), space, head)
    assert caught.value.code == "ray_too_small"


@pytest.mark.extended
def test_kinds_of_models_share_their_trials_as_in_one_process(head: str, tmp_path: Path) -> None:
    import json

    from sevenfold.plan.training import TrainingSection
    from sevenfold.tuning.stage import run_tuning

    dataset = small_dataset(tmp_path)
    digests = []
    for name, ray in (("here", {}), ("ray", {"engine": "ray", "ray": {"address": head}})):
        given = {
            "tuning": TuningSection(trials=6, **ray).model_dump(mode="json"),  # type: ignore[arg-type]
            "training": TrainingSection(model="auto", threads=1).model_dump(mode="json"),  # type: ignore[arg-type]
            "metric": "roc_auc",
        }
        out = tmp_path / name
        page, summary = tmp_path / f"{name}.html", tmp_path / f"{name}.md"
        run_tuning(dataset, json.dumps(given), out=out, page=page, summary=summary)
        digests.append((out / "manifest.json").read_bytes())
    assert digests[0] == digests[1]


def small_dataset(home: Path) -> Path:
    import numpy as np

    from sevenfold.contracts.schema import Column, Kind, Role, Task
    from sevenfold.plan import DataSection, PreparationSection
    from sevenfold.preparation.prepare import prepare

    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    late = np.where(x + rng.normal(size=200) > 0.5, "yes", "no")
    lines = [f"{a:.4f},{b}" for a, b in zip(x, late, strict=True)]
    (home / "t.csv").write_text("x,late\n" + "\n".join(lines) + "\n")
    columns = {"x": Column(kind=Kind.NUMBER), "late": Column(kind=Kind.CATEGORY, role=Role.TARGET)}
    section = DataSection(source="t.csv", target="late", task=Task.BINARY, columns=columns)
    prepare(home / "t.csv", section, PreparationSection(), home / "dataset", max_features=50)
    return home / "dataset"
