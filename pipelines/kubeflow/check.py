"""One thing that `doctor` looks at."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Check"]


@dataclass(frozen=True)
class Check:
    """One thing looked at: whether it is fine, what was found, what mends it.

    `fine` is None where it could not be looked at; `blocking` where no run on a cluster can succeed without it.
    """

    name: str
    fine: bool | None
    found: str
    remedy: str = ""
    blocking: bool = False
