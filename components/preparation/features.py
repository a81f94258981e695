"""Each feature in turn, on the training rows: of what use is it, does it reveal the target, how is it fitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.reference import FeatureBins
from sevenfold.contracts.schema import Column, Kind, Role, Schema
from sevenfold.contracts.transform import CategoryFeature, DatetimeFeature, NumberFeature
from sevenfold.drift.bins import build_reference
from sevenfold.plan.data import DataSection
from sevenfold.plan.preparation import Encoding, PreparationSection
from sevenfold.preparation.fit import fit_category, fit_datetime, fit_number
from sevenfold.tables.leakage import category_leaks, number_leaks
from sevenfold.tables.split import SPLITS, TRAIN

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FeatureFindings", "FeatureFitter", "dropped_column"]

REFERENCE_ROWS: Final = 100_000

Feature = NumberFeature | CategoryFeature | DatetimeFeature
Dropped = Literal["all_missing", "constant", "all_rare"]


@dataclass(frozen=True)
class FeatureFindings:
    """What is known of one feature: how it was fitted, or why it was dropped."""

    name: str
    column: Column
    missing: dict[str, float]  # share per side of the split
    feature: Feature | None = None
    dropped: Dropped | None = None
    levels: int = 0  # distinct categories in training
    rare: float = 0.0  # share of the training rows whose category was not kept
    leaks: bool = False  # and the plan allows it


@dataclass
class FeatureFitter:
    """Fits one feature after the other.

    Args:
        data: kinds, limits, what may leak.
        section: how to fit.
        sides: side of each row.
        target: class index int64, or float64, of each row.
        schema: of the dataset, for the reference.
        max_features: how many features get reference bins.
    """

    data: DataSection
    section: PreparationSection
    sides: NDArray[np.int8]
    target: NDArray[Any]
    schema: Schema
    max_features: int
    bins: dict[str, FeatureBins] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._train = np.flatnonzero(self.sides == TRAIN)
        self._target = self.target[self._train]
        self._everywhere = np.bincount(self.sides, minlength=len(SPLITS))

    def fit(self, name: str, column: Column, values: pa.Array) -> FeatureFindings:
        """Fit a feature on the training rows of its column.

        Raises:
            DataError: ``leakage_suspect``, ``cardinality``.
        """
        import pyarrow as pa

        absent = np.asarray(values.is_null())
        missing = {
            SPLITS[side]: float(np.count_nonzero(absent & (self.sides == side)) / rows)
            for side, rows in enumerate(self._everywhere.tolist())
            if rows
        }
        train = values.take(pa.array(self._train))
        known = len(train) - train.null_count
        if known == 0:
            return FeatureFindings(name, column, missing, dropped="all_missing")
        fitted = {Kind.CATEGORY: self._category, Kind.DATETIME: self._datetime}.get(column.kind, self._number)
        findings = fitted(name, column, train, missing)
        if findings.dropped is None and len(self.bins) < self.max_features:
            self._count(name, column, train)
        return findings

    def _number(self, name: str, column: Column, train: pa.Array, missing: Mapping[str, float]) -> FeatureFindings:
        import pyarrow as pa

        values = train.cast(pa.float64()).to_numpy(zero_copy_only=False)
        if self._is_constant(train, float(np.nanmin(values)) == float(np.nanmax(values))):
            return FeatureFindings(name, column, dict(missing), dropped="constant")
        leaks = self._leaks(name, number_leaks(values, self._target, classes=len(self.schema.classes)))
        feature = fit_number(values, name, column.kind, self.section)  # type: ignore[arg-type]
        return FeatureFindings(name, column, dict(missing), feature, leaks=leaks)

    def _datetime(self, name: str, column: Column, train: pa.Array, missing: Mapping[str, float]) -> FeatureFindings:
        import pyarrow as pa

        present = train.drop_null().cast(pa.int64()).to_numpy(zero_copy_only=False)
        if self._is_constant(train, present.min() == present.max()):
            return FeatureFindings(name, column, dict(missing), dropped="constant")
        absent = np.asarray(train.is_null())
        micros = train.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        values = np.where(absent, np.nan, micros.astype(np.float64))
        leaks = self._leaks(name, number_leaks(values, self._target, classes=len(self.schema.classes)))
        feature = fit_datetime(present, name, self.section, missing=train.null_count > 0)
        return FeatureFindings(name, column, dict(missing), feature, leaks=leaks)

    def _category(self, name: str, column: Column, train: pa.Array, missing: Mapping[str, float]) -> FeatureFindings:
        levels = train.dictionary.to_pylist()
        codes = train.indices.fill_null(len(levels)).to_numpy(zero_copy_only=False).astype(np.int64)
        counts = np.bincount(codes, minlength=len(levels) + 1)[: len(levels)]
        seen = int(np.count_nonzero(counts))
        if self._is_constant(train, seen == 1):
            return FeatureFindings(name, column, dict(missing), dropped="constant", levels=seen)
        leaks = self._leaks(name, category_leaks(codes, self._target, classes=len(self.schema.classes)))
        feature = fit_category(counts, levels, name, column, self.section)
        self._check_cardinality(name, seen)
        kept = set(feature.levels)
        kept_rows = int(sum(count for count, level in zip(counts.tolist(), levels, strict=True) if level in kept))
        known = len(train) - train.null_count
        dropped: Dropped | None = "all_rare" if not kept and train.null_count == 0 else None
        rare = 1 - kept_rows / known
        return FeatureFindings(name, column, dict(missing), feature, dropped, seen, rare, leaks)

    def _is_constant(self, train: pa.Array, one_value: bool) -> bool:
        return bool(one_value) and (train.null_count == 0 or not self.section.missing_indicator)

    def _leaks(self, name: str, leaks: bool) -> bool:
        if leaks and name not in self.data.allow_leakage:
            raise DataError(
                "leakage_suspect",
                f"No column may reveal the target almost by itself, but {name!r} reveals {self.data.target!r}.",
                remedy="If it is known only after the event, give it role: ignore; else name it in data.allow_leakage.",
            )
        return leaks

    def _check_cardinality(self, name: str, levels: int) -> None:
        encoding = self.section.encodings.get(name, self.section.encoding)
        if encoding is Encoding.ONEHOT and levels > self.data.max_categories:
            raise DataError(
                "cardinality",
                f"A one-hot column may have at most {self.data.max_categories} categories, but {name!r} has {levels}.",
                remedy="Use encoding: embedding for it, or role: identifier if it names single rows.",
            )

    def _count(self, name: str, column: Column, train: pa.Array) -> None:
        """Count the column into its reference bins: every row, or evenly spaced ones of a long table."""
        import pyarrow as pa

        step = -(-len(train) // REFERENCE_ROWS)
        some = train.take(pa.array(np.arange(0, len(train), step))) if step > 1 else train
        if pa.types.is_dictionary(some.type):
            some = some.cast(pa.string())
        schema = self.schema.model_copy(update={"columns": {name: column}})
        bins = build_reference(pa.table({name: some}), schema).features[name]
        if step > 1 and bins.low is not None:
            import pyarrow.compute as pc

            ends = pc.min_max(train).as_py()
            bins = bins.model_copy(update={"low": float(ends["min"]), "high": float(ends["max"])})
        self.bins[name] = bins


def dropped_column(column: Column, reason: Dropped) -> Column:
    """Return the column as the dataset's schema holds it once it is no feature any more."""
    return column.model_copy(update={"role": Role.IGNORE, "also_feature": False, "note": f"dropped: {reason}"})
