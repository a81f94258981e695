"""What the tests of recipes share: two sets of flats, whose recipes see one row and several."""

from __future__ import annotations

import pytest
from recipe_flats import FILL_DOWN, RECIPE, Refined, made


@pytest.fixture(scope="session", name="refined")
def refined_flats(tmp_path_factory: pytest.TempPathFactory) -> Refined:
    return made(tmp_path_factory.mktemp("recipe"), RECIPE)


@pytest.fixture(scope="session", name="crossing")
def crossing_flats(tmp_path_factory: pytest.TempPathFactory) -> Refined:
    return made(tmp_path_factory.mktemp("crossing"), FILL_DOWN)
