"""The study folder: the best settings are read back, and a folder without them is refused."""

from pathlib import Path

import pytest

from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.manifest import seal
from sevenfold.contracts.study import BEST_FILE, TRIALS_FILE, Best


@pytest.mark.parametrize("best", [Best(settings={"width": 32, "rate": 0.1}, score=0.5), Best(settings={})])
def test_what_was_written_is_read(best: Best, tmp_path: Path) -> None:
    digest = best.save(tmp_path / "study", [{"number": 0, "state": "complete"}])
    assert Best.read(tmp_path / "study") == best
    assert digest == best.save(tmp_path / "again", [{"number": 0, "state": "complete"}])


def test_a_study_without_its_best_settings_is_refused(tmp_path: Path) -> None:
    (tmp_path / TRIALS_FILE).write_text("[]")
    seal(tmp_path, expected=(TRIALS_FILE,))
    with pytest.raises(IntegrityError) as caught:
        Best.read(tmp_path)
    assert caught.value.code == "missing_file"


@pytest.mark.parametrize("content", ["{}", '{"settings": 3}', "no json"])
def test_settings_in_another_form_are_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / BEST_FILE).write_text(content)
    seal(tmp_path, expected=(BEST_FILE,))
    with pytest.raises(IntegrityError) as caught:
        Best.read(tmp_path)
    assert caught.value.code == "unknown_format"
