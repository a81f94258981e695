"""Recording rules: the formula of `drift.verdict` in PromQL, from counters to a flag per feature and window.

A window is the increase of the counters. `increase()` extrapolates, which changes the PSI of a young pod by up to a
tenth, so it is used only where a counter was reset in the window; otherwise the window is a difference of two samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

from sevenfold.drift import telemetry
from sevenfold.drift.stability import SMOOTHING
from sevenfold.drift.telemetry import Metric
from sevenfold.plan.monitoring import MonitoringSection

__all__ = ["FEATURE", "PREDICTIONS", "Subject", "recording_rules", "window_increase"]


@dataclass(frozen=True)
class Subject:
    """What may drift, the features or the predictions, and the labels that identify one of them."""

    prefix: str
    labels: str
    counter: Metric
    reference: Metric

    def name(self, what: str) -> str:
        """Return the name of a recorded series."""
        return f"{self.prefix}_{what}"


FEATURE = Subject(
    "sevenfold:feature",
    "namespace, model, bundle, feature",
    telemetry.FEATURE_BINS,
    telemetry.REFERENCE_FEATURE_BINS,
)
PREDICTIONS = Subject(
    "sevenfold:prediction",
    "namespace, model, bundle",
    telemetry.PREDICTION_BINS,
    telemetry.REFERENCE_PREDICTION_BINS,
)


def window_increase(series: str, minutes: int) -> str:
    """Return the expression of a counter's increase within the last minutes, exact where it was not reset.

    A series that did not exist when the window began is counted from its first sample, which is 0 for a new process. So
    is one that was reset just as the window began, which `resets` does not see: its value before is above all after.
    """
    first = f"min_over_time({series}[{minutes}m])"
    before = f"(({series} offset {minutes}m <= {first}) or {first})"
    plain = f"(last_over_time({series}[{minutes}m]) - {before}) and resets({series}[{minutes}m]) == 0"
    return f"({plain}) or increase({series}[{minutes}m])"


def recording_rules(subject: Subject, selector: str, section: MonitoringSection) -> list[dict[str, str]]:
    """Return the rules of one subject in the order in which they build on each other.

    The last, `..._drifted`, is 1 where a window drifted and 0 where not; it is absent for fewer than `min_rows` rows.
    """
    of, by = subject.name, subject.labels
    rises = window_increase(f"{subject.counter}{selector}", section.window_minutes)
    degrees = f"{of('degrees')}"
    return [
        _rule(of("bin_rows"), f"sum by ({by}, bin) ({rises})"),
        _rule(of("rows"), f"sum by ({by}) ({of('bin_rows')}{selector})"),
        _rule(of("reference_bin_rows"), f"max by ({by}, bin) ({subject.reference}{selector})"),
        _rule(of("reference_rows"), f"sum by ({by}) ({of('reference_bin_rows')}{selector})"),
        _rule(degrees, f"count by ({by}) ({of('reference_bin_rows')}{selector}) - 1"),
        _rule(of("bin_share"), _share(subject, "bin_rows", "rows", selector)),
        _rule(of("reference_bin_share"), _share(subject, "reference_bin_rows", "reference_rows", selector)),
        _rule(of("index"), _index(subject, selector)),
        _rule(of("noise"), f"1 / {of('rows')}{selector} + 1 / {of('reference_rows')}{selector}"),
        _rule(
            of("psi"),
            f"({of('index')}{selector} - {degrees}{selector} * {of('noise')}{selector}) "
            f"and {of('rows')}{selector} >= {section.min_rows}",
        ),
        _rule(
            of("moved_share"),
            f"max by ({by}) (abs({of('bin_share')}{selector} - {of('reference_bin_share')}{selector}))",
        ),
        _rule(of("chi_squared_limit"), _limit(subject, selector, section)),
        _rule(
            of("drifted"),
            f"({of('index')}{selector} > bool {of('noise')}{selector} * {of('chi_squared_limit')}{selector}) "
            f"* clamp_max(({of('psi')}{selector} >= bool {section.psi!r}) "
            f"+ ({of('moved_share')}{selector} >= bool {section.share!r}), 1)",
        ),
    ]


def _rule(name: str, expression: str) -> dict[str, str]:
    return {"record": name, "expr": expression}


def _share(subject: Subject, part: str, whole: str, selector: str) -> str:
    """Smooth as `stability.smoothed_shares` does: half a row more in each of the degrees + 1 bins."""
    of = subject.name
    total = f"({of(whole)}{selector} + {SMOOTHING} * ({of('degrees')}{selector} + 1))"
    return f"({of(part)}{selector} + {SMOOTHING}) / on ({subject.labels}) group_left () {total}"


def _index(subject: Subject, selector: str) -> str:
    """Smooth as `stability.compared_shares` does: the side with more rows by as large a part as the other."""
    now, before = _compared(subject, "", "reference_", selector), _compared(subject, "reference_", "", selector)
    return f"sum by ({subject.labels}) (({now} - {before}) * ln({now} / {before}))"


def _compared(subject: Subject, side: str, other: str, selector: str) -> str:
    def of(what: str) -> str:
        return f"{subject.name(what)}{selector}"

    per_row = f"clamp_min({of(f'{side}rows')} / clamp_min({of(f'{other}rows')}, 1), 1)"
    more, each = f"{SMOOTHING} * {per_row}", f"on ({subject.labels}) group_left ()"
    total = f"({of(f'{side}rows')} + {more} * ({of('degrees')} + 1))"
    return f"(({of(f'{side}bin_rows')} + {each} ({more})) / {each} {total})"


def _limit(subject: Subject, selector: str, section: MonitoringSection) -> str:
    """Take the limit the predictor exports, or approximate the quantile as Wilson and Hilferty (1931) did."""
    features = subject is FEATURE
    if features and section.significance == telemetry.REFERENCE_LEVEL:
        return f"max by ({subject.labels}) ({telemetry.REFERENCE_CHI_SQUARED}{selector})"
    level = section.significance / (section.max_features if features else 1)
    z = round(NormalDist().inv_cdf(1 - level), 6)
    d = f"{subject.name('degrees')}{selector}"
    return f"{d} * (1 - 2 / (9 * {d}) + {z} * sqrt(2 / (9 * {d}))) ^ 3"
