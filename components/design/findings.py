"""What design found out about a table: all that a plan is proposed from."""

from __future__ import annotations

from dataclasses import dataclass, field

from sevenfold.contracts.schema import Part, Role
from sevenfold.design.profile import Profile
from sevenfold.design.roles import Proposed
from sevenfold.design.target import TargetFacts
from sevenfold.design.time_split import TimeSplit
from sevenfold.design.typed_table import TypedTable
from sevenfold.design.usable import Usable
from sevenfold.tables.duplicates import Duplicates
from sevenfold.tables.far_values import FarValues

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
    parts: dict[str, tuple[Part, ...]] = field(default_factory=dict)  # of the moments that the model sees
    zones: dict[str, str] = field(default_factory=dict)  # of those that are local
    far: dict[str, FarValues] = field(default_factory=dict)  # values that would flatten a feature
    unordered: list[str] = field(default_factory=list)  # columns that rows not in their order could be split by

    @property
    def features(self) -> list[str]:
        """The columns that are proposed as features."""
        return [name for name, proposed in self.roles.items() if proposed.role is Role.FEATURE or name in self.parts]
