"""Each feature in turn, on the training rows: of what use is it, does it reveal the target, how is it fitted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.reference import FeatureBins
from sevenfold.contracts.schema import Column, Kind, Part, Role, Schema
from sevenfold.contracts.transform import CategoryFeature, DatetimeFeature, NumberFeature
from sevenfold.drift.bins import build_reference, category_bins
from sevenfold.plan.data import DataSection
from sevenfold.plan.preparation import Encoding, PreparationSection
from sevenfold.preparation.fit import fit_category, fit_datetime, fit_number
from sevenfold.preparation.leaks import LeakCheck, Looked
from sevenfold.preparation.sampled_rows import SampledRows
from sevenfold.preparation.training_rows import TrainingColumn, TrainingRows
from sevenfold.tables.column_chunks import ColumnChunks
from sevenfold.tables.far_values import FarValues, far_values
from sevenfold.tables.leakage import NOTHING, SAMPLE_ROWS, Evidence, category_evidence, number_evidence
from sevenfold.tables.masked import as_floats, as_numbers, level_codes
from sevenfold.tables.moment_parts import part_steps
from sevenfold.tables.offsets import shifted

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FeatureFindings", "FeatureFitter", "Fitted", "dropped_column"]

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
        scratch: a folder for the values of a column that are too many for memory; None for the system's.
    """

    data: DataSection
    section: PreparationSection
    sides: NDArray[np.int8]
    target: NDArray[Any]
    schema: Schema
    max_features: int
    scratch: Path | None = None
    bins: dict[str, FeatureBins] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._train = TrainingRows(self.sides, self.scratch)
        self._classes = len(self.schema.classes)
        self._leaks = LeakCheck(self.data, self._train, self.target, self._classes, len(self.schema.features))
        self._looked_at = self._train.at_most(SAMPLE_ROWS)
        self._counted_rows = self._train.at_most(REFERENCE_ROWS)
        self._sampled = SampledRows(self._looked_at, self._counted_rows, *self._leaks.rows)

    def fit(self, name: str, column: Column, values: ColumnChunks) -> Fitted:
        """Fit a feature on the training rows of its column; several may be fitted at once.

        Raises:
            DataError: ``leakage_suspect``, ``cardinality``.
        """
        with self._train.read(values, self._sampled) as read:
            return self._fit(name, column, read)

    def _fit(self, name: str, column: Column, read: TrainingColumn) -> Fitted:
        if read.gaps == self._train.count:
            return Fitted(FeatureFindings(name, column, read.missing, dropped="all_missing"))
        fitted = {Kind.CATEGORY: self._category, Kind.DATETIME: self._datetime}.get(column.kind, self._number)
        findings = fitted(name, column, read)
        if findings.dropped is not None:
            return Fitted(findings)
        wanted = len(self.bins) < self.max_features
        bins = self._counted(name, column, read) if wanted else None
        return Fitted(findings, self._leaks.look(column.kind, read), bins)

    def fit_all(self, column: Callable[[str], ColumnChunks], workers: Executor) -> Iterator[Fitted]:
        """Fit all features and yield them in their order; each worker holds a column of few rows or a piece of one."""
        features = self.schema.features
        yield from workers.map(lambda name: self.fit(name, features[name], column(name)), features)

    def take(self, fitted: Fitted) -> FeatureFindings:
        """Take what was fitted, in the order of the features."""
        findings = fitted.findings
        if fitted.looked is not None:
            self._leaks.add(findings.name, findings.column.kind, fitted.looked)
        if fitted.bins is not None and len(self.bins) < self.max_features:
            self.bins[findings.name] = fitted.bins
        return findings

    def finish(self) -> list[str]:
        """Return what people should know of leaks, once all features are fitted.

        Raises:
            DataError: ``leakage_suspect`` where features together give the target away.
        """
        return self._leaks.finish()

    def _number(self, name: str, column: Column, read: TrainingColumn) -> FeatureFindings:
        if self._is_constant(read, read.ends[0] == read.ends[1]):
            return FeatureFindings(name, column, read.missing, dropped="constant")
        some = as_floats(read.at(self._looked_at))
        leaks = self._leaks.refuse(name, number_evidence(some, self._seen_target, classes=self._classes))
        far = far_values(read.present, read.ends) if column.kind is not Kind.BOOLEAN else None
        kind: Any = column.kind
        gaps = read.gaps > 0
        feature = fit_number(read.present, name, kind, self.section, missing=gaps, far=far, extremes=read.ends)
        return FeatureFindings(name, column, read.missing, feature, leaks=leaks, far=far)

    def _datetime(self, name: str, column: Column, read: TrainingColumn) -> FeatureFindings:
        if self._is_constant(read, read.ends[0] == read.ends[1]):
            return FeatureFindings(name, column, read.missing, dropped="constant")
        feature = fit_datetime(read.present, name, column, self.section, missing=read.gaps > 0)
        leaks = self._leaks.refuse(name, self._moments_evidence(feature, read.at(self._looked_at)))
        return FeatureFindings(name, column, read.missing, feature, leaks=leaks)

    def _moments_evidence(self, feature: DatetimeFeature, some: pa.Array) -> Evidence:
        """Return how well the moments give the target: what the model sees of them, a part or the moment itself."""
        import pyarrow as pa

        gaps, micros = np.asarray(some.is_null()), as_numbers(some.cast(pa.int64()).fill_null(0))
        local = shifted(micros, feature.changes, feature.offsets)
        seen = [part_steps(local, part) for part in feature.cycles]
        seen += [micros] if Part.TREND in feature.parts else []
        columns = (np.where(gaps, np.nan, values.astype(np.float64)) for values in seen)
        found = (number_evidence(values, self._seen_target, classes=self._classes) for values in columns)
        return min(found, key=lambda evidence: (not evidence.exact, evidence.left), default=NOTHING)

    def _category(self, name: str, column: Column, read: TrainingColumn) -> FeatureFindings:
        levels, counts = read.dictionary, read.counts
        seen = int(np.count_nonzero(counts))
        if self._is_constant(read, seen == 1):
            return FeatureFindings(name, column, read.missing, dropped="constant", levels=seen)
        codes = level_codes(read.at(self._looked_at), len(levels))
        leaks = self._leaks.refuse(name, category_evidence(codes, self._seen_target, classes=self._classes))
        feature = fit_category(counts, levels, name, column, self.section)
        self._check_cardinality(name, seen)
        kept = set(feature.levels)
        kept_rows = int(sum(count for count, level in zip(counts.tolist(), levels, strict=True) if level in kept))
        dropped: Dropped | None = "all_rare" if not kept and not read.gaps else None
        rare = 1 - kept_rows / int(counts.sum())
        return FeatureFindings(name, column, read.missing, feature, dropped, seen, rare, leaks)

    @cached_property
    def _seen_target(self) -> NDArray[Any]:
        """The target of the rows that evidence is taken from, shape ``[n]``."""
        some = self.target[self._looked_at]
        return some.astype(np.int64) if self._classes else some

    def _is_constant(self, read: TrainingColumn, one_value: bool) -> bool:
        return bool(one_value) and (not read.gaps or not self.section.missing_indicator)

    def _check_cardinality(self, name: str, levels: int) -> None:
        encoding = self.section.encodings.get(name, self.section.encoding)
        if encoding is Encoding.ONEHOT and levels > self.data.max_categories:
            raise DataError(
                "cardinality",
                f"A one-hot column may have at most {self.data.max_categories} categories, but {name!r} has {levels}.",
                remedy="Use encoding: embedding for it, or role: identifier if it names single rows.",
            )

    def _counted(self, name: str, column: Column, read: TrainingColumn) -> FeatureBins:
        """Count the column into its reference bins: every row, or evenly spaced ones of a long table."""
        import pyarrow as pa

        some = read.at(self._counted_rows)
        if column.kind is Kind.CATEGORY:
            levels = ["", *read.dictionary]
            counts = np.bincount(level_codes(some, -1) + 1, minlength=len(levels))
            return category_bins({levels[at]: int(counts[at]) for at in np.flatnonzero(counts)}, column)
        schema = self.schema.model_copy(update={"columns": {name: column}})
        bins = build_reference(pa.table({name: some}), schema).features[name]
        if len(self._counted_rows) == self._train.count or bins.low is None:
            return bins
        low, high = read.ends
        return bins.model_copy(update={"low": float(low), "high": float(high)})


def dropped_column(column: Column, reason: Dropped) -> Column:
    """Return the column as the dataset's schema holds it once it is no feature any more."""
    return column.model_copy(
        update={"role": Role.IGNORE, "also_feature": False, "parts": (), "note": f"dropped: {reason}"}
    )
