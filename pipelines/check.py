"""One check of what a run needs, here or where it is to run, with what mends it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Check"]


@dataclass(frozen=True)
class Check:
    """One check: whether it is fine, what was seen, what mends it.

    `fine` is None where it could not be checked; `blocking` where no run on a target can succeed without it.
    """

    name: str
    fine: bool | None
    finding: str
    remedy: str = ""
    blocking: bool = False
