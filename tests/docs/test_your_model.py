"""The sources that the page shows are sources that work."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from model_kinds import table_dataset

from sevenfold.contracts.schema import Kind, Task
from sevenfold.plan.training import TrainingSection
from sevenfold.training.data import TrainingData
from sevenfold.training.kinds import kind_named

PAGE = Path(__file__).parents[2] / "docs" / "your-model.md"
SECTIONS = {"build_model": {}, "train": {"framework": "onnx"}}


@pytest.mark.parametrize("function", SECTIONS)
def test_a_source_of_the_page_is_fitted(function: str, tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (source,) = [block for block in blocks if f"def {function}(" in block and "keras" not in block]
    (tmp_path / "ours.py").write_text(source)
    rng = np.random.default_rng(3)
    rows = [[f"{x:.3f}", f"{y:.3f}", "yes" if x > y else "no"] for x, y in rng.normal(size=(200, 2))]
    columns = {"x": Kind.NUMBER, "y": Kind.NUMBER, "target": Kind.CATEGORY}
    data = TrainingData(table_dataset(tmp_path, columns, rows, Task.BINARY))
    section = TrainingSection(source=str(tmp_path / "ours.py"), max_epochs=3, **SECTIONS[function])
    kind = kind_named(section, "")
    fitted = kind.fit(kind.encode(data), section, "roc_auc")
    assert fitted.score > 0.8
    assert fitted.onnx_bytes(data)
