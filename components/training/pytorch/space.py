"""What tuning searches where the plan says nothing."""

from __future__ import annotations

from sevenfold.plan.tuning import Dimension

__all__ = ["default_space"]


def default_space() -> dict[str, Dimension]:
    """Return the settings of the built-in network worth searching, each with its range."""
    return {
        "learning_rate": Dimension(low=5e-4, high=3e-3, log=True),
        "weight_decay": Dimension(low=1e-3, high=3e-1, log=True),
        "dropout": Dimension(low=0.2, high=0.6),
        "width": Dimension(choices=(32, 64, 128)),
        "embedding_width": Dimension(choices=(4, 8)),
    }
