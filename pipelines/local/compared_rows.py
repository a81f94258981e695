"""New rows compared with the training rows as a whole, each window once: subtle drift, where the plan asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import SevenfoldError
from sevenfold.contracts.registry import LocalRegistry, Record
from sevenfold.monitoring.subtle.card import with_card
from sevenfold.monitoring.subtle.rows import RowComparer, RowDrift
from sevenfold.pipelines.local.new_rows import NewRows
from sevenfold.pipelines.retrain import earlier_dataset
from sevenfold.plan import Plan
from sevenfold.report import Finding, Findings, Report
from sevenfold.scoring.raw_table import read_raw_table

__all__ = ["ComparedRows", "ComparedWindow"]


@dataclass(frozen=True, kw_only=True)
class ComparedWindow:
    """A window as compared, its file's digest, when that was written, and the verdict in words."""

    drift: RowDrift
    digest: str
    moment: float  # in seconds since 1970
    sentence: str


class ComparedRows:
    """Compares the windows of one plan; without `monitoring.subtle` there is never one.

    A window is compared once by a process, and no retraining starts because of it. Where the serving model's dataset is
    gone, nothing is compared and the page says why.
    """

    def __init__(self, plan: Plan, runs: Path) -> None:
        self._plan, self._runs = plan, runs
        self._bundle = ""
        self._comparer: RowComparer | None = None
        self._fault = ""
        self._done: dict[tuple[Path, float], ComparedWindow] = {}

    def of(self, rows: Sequence[NewRows], serving: Record, registry: LocalRegistry) -> list[ComparedWindow]:
        """Return the windows that give a verdict by themselves, compared as a whole, in their order.

        Args:
            rows: the windows.
            serving: the record of the serving model.
            registry: holds its bundle.
        """
        if not self._plan.monitoring.subtle:
            return []
        self._prepare(serving, registry)
        if self._comparer is None:
            return []
        done = [self._one(one, self._comparer) for one in rows if not one.fault]
        return [one for one in done if one is not None]

    def with_card(self, report: Report, rows: Sequence[NewRows], serving: Record, registry: LocalRegistry) -> Report:
        """Return a page with what was compared."""
        compared = [one.drift for one in self.of(rows, serving, registry)]
        if self._fault:
            finding = Finding(level="info", text=f"Rows as a whole are not compared. {self._fault}")
            return report.model_copy(update={"blocks": (Findings(findings=(finding,)), *report.blocks)})
        if self._comparer is None or not compared:
            return report
        return with_card(report, compared, self._comparer, [one.window for one in rows if not one.fault])

    def _prepare(self, serving: Record, registry: LocalRegistry) -> None:
        """Read the dataset of a model that serves since the last time."""
        if serving.bundle == self._bundle:
            return
        self._bundle, self._comparer, self._fault = serving.bundle, None, ""
        self._done.clear()
        try:
            dataset = Dataset.open(Path(earlier_dataset(self._plan, self._runs).dataset))
            self._comparer = RowComparer(dataset, registry.bundle(serving.bundle), self._plan.monitoring)
        except SevenfoldError as error:
            self._fault = str(error)

    def _one(self, rows: NewRows, comparer: RowComparer) -> ComparedWindow | None:
        key = (rows.path, rows.moment)
        if key not in self._done:
            try:
                raw = read_raw_table(rows.path, comparer.signature, encoding=self._plan.data.encoding)
                drift = comparer.compare(rows.window.label, raw.table)
            except (SevenfoldError, OSError) as error:
                self._fault = f"{rows.window.label}: {error}"
                return None
            self._done[key] = ComparedWindow(
                drift=drift, digest=rows.digest, moment=rows.moment, sentence=_sentence(drift)
            )
        return self._done[key]


def _sentence(drift: RowDrift) -> str:
    apart = drift.separation
    if apart is None:
        return f"{drift.label}, as a whole: too few rows."
    by = f" by {', '.join(name for name, _ in apart.features)}" if apart.features else ""
    figures = f"AUC {apart.auc:.3f}, index {apart.index:.3f}"
    told = f"{'told' if apart.drifted else 'not told'} from the training rows{by} ({figures})"
    expected = drift.scores.get("accuracy")
    scores = f", expected accuracy {expected.value:.3f}" if expected is not None else ""
    return f"{drift.label}, as a whole: {told}{scores}."
