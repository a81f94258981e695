"""A project that was moved or copied knows its windows again: by what they hold, and by where they stand in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from loop_home import Home, kinds
from loop_tables import add_window
from trained_project import trained_project

from sevenfold.contracts.service import LocalService
from sevenfold.monitoring.retrain.cause import Cause, cause_key
from sevenfold.monitoring.retrain.decide import Action, Decision, Reason
from sevenfold.pipelines.local.promoted_service import PromotedService
from sevenfold.pipelines.local.trained_files import places_of
from sevenfold.serving.local.predictor import runs


def _moved(home: Home, folder: Path) -> Home:
    home.path.rename(folder)
    return Home(folder)


def _copied(home: Home, folder: Path) -> Home:
    """Copy without the moments at which files were written, as `cp -r` and `git clone` do."""
    shutil.copytree(home.path, folder, copy_function=shutil.copy)
    for path in folder.glob("new/*.csv"):
        os.utime(path, (path.stat().st_mtime + 60, path.stat().st_mtime + 60))
    return Home(folder)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = trained_project(tmp_path_factory.mktemp("first").resolve() / "project")
    assert [entry.reason for entry in home.loop().look()] == [Reason.WINDOW, Reason.UNKNOWN]
    assert home.loop().look() == []
    return home.path


@pytest.fixture
def judged(trained: Path, tmp_path: Path) -> Home:
    """The project as it was, at a place of its own."""
    home = Home(tmp_path.resolve() / "project")
    shutil.copytree(trained, home.path)
    record = home.runs / "demo" / "1" / "run.json"
    record.write_text(record.read_text().replace(str(trained), str(home.path)))
    return home


@pytest.mark.parametrize("put", [_moved, _copied])
def test_nothing_is_decided_again(judged: Home, tmp_path: Path, put: Callable[[Home, Path], Home]) -> None:
    there = put(judged, tmp_path / "deeper" / "other" if put is _copied else tmp_path / "other")
    assert there.loop().look() == []
    assert there.run_count() == 1


def test_a_window_that_comes_afterwards_is_new(judged: Home, tmp_path: Path) -> None:
    there = _copied(judged, tmp_path / "other")
    add_window(there.path, 5, labelled=False)
    loop = there.loop()
    assert [entry.sentence for entry in loop.look()] == ["window-05.csv: nothing drifted in 600 rows."]
    (there.path / "new" / "window-05.csv").write_text((there.path / "demo.csv").read_text())
    assert [entry.sentence for entry in loop.look()] == ["window-05.csv: nothing drifted in 1,200 rows."]


def test_what_a_retraining_reads_lies_in_the_copy(judged: Home, tmp_path: Path) -> None:
    there = _copied(judged, tmp_path / "other")
    loop = there.loop()
    named = loop._files(loop._rows())
    assert named == ["new/window-01.csv", "new/window-02.csv", "new/window-03.csv"]


def test_what_was_decided_by_the_moment_of_a_file_is_not_decided_again(judged: Home) -> None:
    """Earlier versions put a window on record under the moment at which its file was written."""
    (judged.runs / "demo" / "retrain.db").unlink()
    loop = judged.loop()
    for one in loop._rows():
        key = cause_key(loop.label, "window", one.window.label, str(one.moment))
        cause = Cause(name="demo", keys=(key,), since=one.moment, evidence="as before", bundle=loop.label)
        loop._retrainer.note(cause, Decision(Action.NOTE, Reason.WINDOW, "As before."))
    assert kinds(judged.loop().look()) == []
    assert [entry.sentence for entry in judged.loop().journal.entries("demo")] == ["As before."] * 2


def test_a_copy_leaves_what_serves_to_the_first_project(judged: Home, tmp_path: Path) -> None:
    with PromotedService(judged.loop()) as first:
        assert first.keep() and first.service is not None
        with PromotedService(_copied(judged, tmp_path / "other").loop()) as second:
            assert second.service is None
        assert runs(first.service)


def test_a_project_that_moved_takes_over_what_it_left_serving(judged: Home, tmp_path: Path) -> None:
    killed = PromotedService(judged.loop())
    assert killed.keep()
    left: LocalService | None = killed.service
    assert left is not None
    with PromotedService(_moved(judged, tmp_path / "other").loop()) as service:
        assert service.service == left
    assert not runs(left)


@pytest.mark.parametrize(
    ("source", "then", "now", "places"),
    [
        ("/a/p/new/1.csv", "/a/p", "/a/p", {"/a/p/new/1.csv"}),
        ("/a/p/new/1.csv", "/a/p", "/b/q", {"/a/p/new/1.csv", "/b/q/new/1.csv"}),
        ("/a/rows/1.csv", "/a/p", "/b/q", {"/a/rows/1.csv", "/b/rows/1.csv"}),
        ("/a/p/new/1.csv", "", "/b/q", {"/a/p/new/1.csv"}),
    ],
)
def test_places_of_a_recorded_file(source: str, then: str, now: str, places: set[str]) -> None:
    assert {str(path) for path in places_of(source, then, Path(now))} == places
