from pathlib import Path

import pytest
from demo_run import PLAN, ROWS, table


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a plan and its table."""
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "demo.csv").write_text(table(ROWS))
    return tmp_path
