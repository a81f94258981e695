"""What a bundle has to know of a recipe: the row-local steps that its inputs need, or why there are none."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sevenfold.contracts.refinement import Refinement
from sevenfold.refine.lineage import Lineage, needed_steps, trace
from sevenfold.refine.operations.column_split import ColumnSplit
from sevenfold.refine.operations.row_marks import RowKeepMatched, RowRemoval
from sevenfold.refine.raw_columns import RawColumns
from sevenfold.refine.recipe import Recipe
from sevenfold.refine.replay import Change
from sevenfold.refine.step import Step

__all__ = ["hidden_columns", "record_refinement"]


def record_refinement(
    recipe: Recipe, raw: RawColumns, changes: Sequence[Change], target: str, features: Mapping[str, bool]
) -> Refinement:
    """Return what serving needs of a recipe.

    Args:
        recipe: the recipe.
        raw: the columns of the table before it.
        changes: what its steps did to that table.
        target: the refined column that is predicted.
        features: the refined columns that a model may take, and whether each is sensitive.
    """
    removing = tuple(
        f"step {change.index} ({change.step.op})"
        for change in changes
        if isinstance(change.step, (RowRemoval, RowKeepMatched)) and change.rows[0] != change.rows[1]
    )
    known = Refinement(digest=recipe.digest, columns=tuple(raw.names), removing=removing)
    if recipe.crossing:
        return known.model_copy(update={"crossing": tuple(recipe.crossing)})
    steps = needed_steps(raw.names, _repeatable(changes), list(features))
    lineage = trace(raw.names, steps)
    leaking = _made_of_target(lineage, target, features)
    if leaking:
        return known.model_copy(update={"crossing": leaking})
    origins = {name: lineage.columns[name] for name in features}
    sources = {name: tuple(sorted(origin.columns)) for name, origin in origins.items() if not origin.unread}
    hidden = {column for name in sources if features[name] for column in sources[name]}
    return known.model_copy(
        update={
            "steps": tuple(step.model_dump(mode="json", by_alias=True, exclude={"description"}) for step in steps),
            "sources": sources,
            "passed": {name: origin.unread for name, origin in origins.items() if origin.unread},
            "examples": raw.frequent({column for made in sources.values() for column in made} - hidden),
        }
    )


def hidden_columns(
    recipe: Recipe, raw: RawColumns, changes: Sequence[Change], sensitive: Mapping[str, bool]
) -> set[str]:
    """Return the raw columns whose values must not be shown.

    Args:
        recipe: the recipe.
        raw: the columns of the table before it.
        changes: what its steps did to that table.
        sensitive: by refined column whether it is sensitive.

    A column is hidden where anything sensitive is made of it, or where nothing that the plan names is.
    """
    if recipe.crossing:
        return {name for name in raw.names if sensitive.get(name, True)}
    lineage = trace(raw.names, _repeatable(changes))
    shown, hidden = set[str](), set[str]()
    for name, origin in lineage.columns.items():
        (hidden if sensitive.get(name, True) else shown).update(origin.columns)
    return set(raw.names) - (shown - hidden)


def _repeatable(changes: Sequence[Change]) -> list[Step]:
    """Return the steps, each column split with the number of columns that it made."""
    return [
        change.step.model_copy(update={"columns_made": len(change.added)})
        if isinstance(change.step, ColumnSplit)
        else change.step
        for change in changes
    ]


def _made_of_target(lineage: Lineage, target: str, features: Collection[str]) -> tuple[str, ...]:
    """Return why requests cannot be refined: columns that are made of the very column that is to be predicted."""
    if target not in lineage.columns or lineage.columns[target].columns != {target}:
        return ()
    made = [name for name in features if target in lineage.columns[name].columns]
    return tuple(f"{name!r} is made of the target {target!r}, which no request has" for name in made)
