import shutil
from pathlib import Path

import pytest
from demo_run import PLAN, ROWS, table
from loop_home import Home, kinds, served_project
from loop_tables import add_window

from sevenfold.monitoring.retrain.decide import Action, Reason


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a plan and its table."""
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "demo.csv").write_text(table(ROWS))
    return tmp_path


@pytest.fixture(scope="session")
def served_once(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A project whose model serves; to be copied."""
    return served_project(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="session")
def retrained_once(served_once: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same after one retraining on two windows that drifted, two hours later; to be copied."""
    home = copied(served_once, tmp_path_factory.mktemp("retrained"))
    for number in (11, 12):
        add_window(home.path, number, drifted=True)
    assert kinds(home.loop().look()) == [(Action.START, Reason.CAUSE), (Action.NOTE, Reason.PROMOTED)]
    assert home.loop().look() == []
    home.hours += 2
    return home


def copied(home: Home, path: Path) -> Home:
    shutil.copytree(home.path, path, symlinks=True, dirs_exist_ok=True)
    return Home(path, home.hours)


@pytest.fixture
def served(served_once: Home, tmp_path: Path) -> Home:
    """A project of one's own whose model serves."""
    return copied(served_once, tmp_path)


@pytest.fixture
def retrained(retrained_once: Home, tmp_path: Path) -> Home:
    """A project of one's own whose model was retrained on windows 11 and 12."""
    return copied(retrained_once, tmp_path)
