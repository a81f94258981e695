"""The smallest count of a category that the model sees by name, where the usual one would hide much of a column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sevenfold.contracts.schema import Kind, Role
from sevenfold.design.profile import RARE, ColumnProfile
from sevenfold.design.roles import Proposed

__all__ = ["LEAST", "hidden_columns", "rare_remark"]

LEAST: Final = 2  # a category of one row says nothing, and stands for those that training never saw
MUCH: Final = 0.05  # of a column's rows in rare categories; what fewer say is hardly missed


def hidden_columns(columns: Mapping[str, ColumnProfile], roles: Mapping[str, Proposed]) -> dict[str, float]:
    """Return the category features of which many rows have a rare category, and the share of such rows.

    Sensitive columns are not among them: their rare categories are never stored.
    """
    shares = {
        name: facts.rare / facts.present
        for name, facts in columns.items()
        if facts.kind is Kind.CATEGORY and facts.present and not facts.sensitive and name in roles
    }
    return {name: share for name, share in shares.items() if share >= MUCH and roles[name].role is Role.FEATURE}


def rare_remark(hidden: Mapping[str, float]) -> str:
    """Return what the remark above `min_count` says."""
    name, share = max(hidden.items(), key=lambda entry: entry[1])
    return (
        f"{share:.0%} of the rows have a {name} of which fewer than {RARE} rows train; the model sees those of two or "
        f"more. Write {RARE} to have rare ones stand together, unnamed."
    )
