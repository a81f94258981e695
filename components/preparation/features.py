"""Each feature in turn, on the training rows: of what use is it, does it reveal the target, how is it fitted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.reference import FeatureBins
from sevenfold.contracts.schema import Column, Kind, Part, Role, Schema
from sevenfold.contracts.transform import CategoryFeature, DatetimeFeature, NumberFeature
from sevenfold.drift.bins import build_reference
from sevenfold.plan.data import DataSection
from sevenfold.plan.preparation import Encoding, PreparationSection
from sevenfold.preparation.fit import fit_category, fit_datetime, fit_number
from sevenfold.preparation.leaks import LeakCheck, Looked
from sevenfold.tables.far_values import FarValues, far_values
from sevenfold.tables.leakage import NOTHING, Evidence, category_evidence, number_evidence
from sevenfold.tables.masked import absent
from sevenfold.tables.moment_parts import part_steps
from sevenfold.tables.offsets import shifted
from sevenfold.tables.split import SPLITS, TRAIN

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FeatureFindings", "FeatureFitter", "Fitted", "dropped_column"]

FITTED_AT_ONCE: Final = 2
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
    far: FarValues | None = None  # training values that would flatten the others


@dataclass(frozen=True)
class Fitted:
    """What fitting one feature gives; without the last two where it was dropped."""

    findings: FeatureFindings
    looked: Looked | None = None
    bins: FeatureBins | None = None


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
        train = np.flatnonzero(self.sides == TRAIN)
        together = len(train) > 0 and int(train[-1] - train[0]) + 1 == len(train)
        # rows that stand together are taken without a copy
        self._train: slice | NDArray[np.int64] = slice(int(train[0]), int(train[-1]) + 1) if together else train
        self._target = self.target[self._train]
        classes = len(self.schema.classes)
        self._leaks = LeakCheck(self.data, train, self.target, classes, len(self.schema.features))
        self._everywhere = np.bincount(self.sides, minlength=len(SPLITS))

    def fit(self, name: str, column: Column, values: pa.Array) -> Fitted:
        """Fit a feature on the training rows of its column; several may be fitted at once.

        Raises:
            DataError: ``leakage_suspect``, ``cardinality``.
        """
        gaps = absent(values)
        there = self._everywhere
        without = np.zeros(len(there)) if gaps is None else np.bincount(self.sides[gaps], minlength=len(there))
        missing = {SPLITS[side]: float(without[side] / rows) for side, rows in enumerate(there.tolist()) if rows}
        train = self._training(values)
        if train.null_count == len(train):
            return Fitted(FeatureFindings(name, column, missing, dropped="all_missing"))
        fitted = {Kind.CATEGORY: self._category, Kind.DATETIME: self._datetime}.get(column.kind, self._number)
        findings = fitted(name, column, train, missing)
        if findings.dropped is not None:
            return Fitted(findings)
        wanted = len(self.bins) < self.max_features
        bins = self._counted(name, column, train) if wanted else None
        return Fitted(findings, self._leaks.look(column.kind, values), bins)

    def fit_all(self, column: Callable[[str], pa.Array]) -> Iterator[Fitted]:
        """Fit all features, two at a time, which is how many columns memory holds, and yield them in their order."""
        features = self.schema.features
        with ThreadPoolExecutor(FITTED_AT_ONCE) as threads:
            yield from threads.map(lambda name: self.fit(name, features[name], column(name)), features)

    def take(self, fitted: Fitted) -> FeatureFindings:
        """Take what was fitted, in the order of the features."""
        findings = fitted.findings
        if fitted.looked is not None:
            self._leaks.add(findings.name, findings.column.kind, fitted.looked)
        if fitted.bins is not None and len(self.bins) < self.max_features:
            self.bins[findings.name] = fitted.bins
        return findings

    def _training(self, values: pa.Array) -> pa.Array:
        import pyarrow as pa

        return values[self._train] if isinstance(self._train, slice) else values.take(pa.array(self._train))

    def finish(self) -> list[str]:
        """Return what people should know of leaks, once all features are fitted.

        Raises:
            DataError: ``leakage_suspect`` where features together give the target away.
        """
        return self._leaks.finish()

    def _number(self, name: str, column: Column, train: pa.Array, missing: Mapping[str, float]) -> FeatureFindings:
        import pyarrow as pa

        values = train.cast(pa.float64()).to_numpy(zero_copy_only=False)
        present = values[~np.isnan(values)] if train.null_count else values
        if self._is_constant(train, present.min() == present.max()):
            return FeatureFindings(name, column, dict(missing), dropped="constant")
        leaks = self._leaks.refuse(name, number_evidence(values, self._target, classes=len(self.schema.classes)))
        far = far_values(present) if column.kind is not Kind.BOOLEAN else None
        kind: Any = column.kind
        feature = fit_number(present, name, kind, self.section, missing=train.null_count > 0, far=far)
        return FeatureFindings(name, column, dict(missing), feature, leaks=leaks, far=far)

    def _datetime(self, name: str, column: Column, train: pa.Array, missing: Mapping[str, float]) -> FeatureFindings:
        import pyarrow as pa

        present = train.drop_null().cast(pa.int64()).to_numpy(zero_copy_only=False)
        if self._is_constant(train, present.min() == present.max()):
            return FeatureFindings(name, column, dict(missing), dropped="constant")
        gaps = np.asarray(train.is_null())
        micros = train.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        feature = fit_datetime(present, name, column, self.section, missing=train.null_count > 0)
        leaks = self._leaks.refuse(name, self._moments_evidence(feature, micros, gaps))
        return FeatureFindings(name, column, dict(missing), feature, leaks=leaks)

    def _moments_evidence(
        self, feature: DatetimeFeature, micros: NDArray[np.int64], gaps: NDArray[np.bool_]
    ) -> Evidence:
        """Return how well the moments give the target: what the model sees of them, a part or the moment itself."""
        local = shifted(micros, feature.changes, feature.offsets)
        seen = [part_steps(local, part) for part in feature.cycles]
        seen += [micros] if Part.TREND in feature.parts else []
        columns = (np.where(gaps, np.nan, values.astype(np.float64)) for values in seen)
        found = (number_evidence(values, self._target, classes=len(self.schema.classes)) for values in columns)
        return min(found, key=lambda evidence: (not evidence.exact, evidence.left), default=NOTHING)

    def _category(self, name: str, column: Column, train: pa.Array, missing: Mapping[str, float]) -> FeatureFindings:
        levels = train.dictionary.to_pylist()
        codes = train.indices.fill_null(len(levels)).to_numpy(zero_copy_only=False).astype(np.int64)
        counts = np.bincount(codes, minlength=len(levels) + 1)[: len(levels)]
        seen = int(np.count_nonzero(counts))
        if self._is_constant(train, seen == 1):
            return FeatureFindings(name, column, dict(missing), dropped="constant", levels=seen)
        leaks = self._leaks.refuse(name, category_evidence(codes, self._target, classes=len(self.schema.classes)))
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

    def _check_cardinality(self, name: str, levels: int) -> None:
        encoding = self.section.encodings.get(name, self.section.encoding)
        if encoding is Encoding.ONEHOT and levels > self.data.max_categories:
            raise DataError(
                "cardinality",
                f"A one-hot column may have at most {self.data.max_categories} categories, but {name!r} has {levels}.",
                remedy="Use encoding: embedding for it, or role: identifier if it names single rows.",
            )

    def _counted(self, name: str, column: Column, train: pa.Array) -> FeatureBins:
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
        return bins


def dropped_column(column: Column, reason: Dropped) -> Column:
    """Return the column as the dataset's schema holds it once it is no feature any more."""
    return column.model_copy(
        update={"role": Role.IGNORE, "also_feature": False, "parts": (), "note": f"dropped: {reason}"}
    )
