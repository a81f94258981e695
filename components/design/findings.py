"""What design found out about a table: all that a plan is proposed from."""

from __future__ import annotations

from dataclasses import dataclass

from sevenfold.contracts.schema import Role
from sevenfold.design.profile import Profile
from sevenfold.design.roles import Proposed
from sevenfold.design.target import TargetFacts
from sevenfold.design.time_split import TimeSplit
from sevenfold.design.typed_table import TypedTable
from sevenfold.design.usable import Usable
from sevenfold.tables.duplicates import Duplicates

__all__ = ["Findings"]


@dataclass(frozen=True)
class Findings:
    """What design found out about a table."""

    table: TypedTable
    profile: Profile
    target: TargetFacts
    split: TimeSplit | None
    roles: dict[str, Proposed]
    usable: Usable
    duplicates: Duplicates | None = None  # among the rows with a target; None where they were not looked for

    @property
    def features(self) -> list[str]:
        """The columns that are proposed as features."""
        return [name for name, proposed in self.roles.items() if proposed.role is Role.FEATURE]
