"""Plans with settings that few have: sections that stand beside, or in the place of, the demo's own."""

from __future__ import annotations

from typing import Any

import yaml
from demo_run import PLAN

ODD: dict[str, dict[str, Any]] = {
    "a goal of two lines": {"goal": "Who says yes?\nAsked in Zürich: \"ja\" & 'nein' {x}"},
    "a long name": {"name": "a" + "b" * 28 + "c"},
    "trees": {"training": {"model": "trees"}},
    "a line": {"training": {"model": "linear"}},
    "tensorflow": {"training": {"framework": "tensorflow", "max_epochs": 3}},
    "many trials": {"tuning": {"trials": 500}},
    "a gate at nothing": {"testing": {"gates": [{"metric": "log_loss", "at_most": 0.0}], "undecided": "keep"}},
    "by hand": {"deployment": {"approval": "manual", "strategy": "replace"}},
    "short windows": {"monitoring": {"window_minutes": 1, "min_rows": 1, "replay": "none"}},
}


def odd_plan(name: str) -> dict[str, Any]:
    """Return the demo's plan with such sections."""
    return {**yaml.safe_load(PLAN), **ODD[name]}
