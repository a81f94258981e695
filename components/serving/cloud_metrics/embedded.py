"""Figures for CloudWatch in its embedded metric format: lines of JSON that the container prints.

SageMaker keeps what a container prints in CloudWatch Logs, which makes metrics of such lines: without a client, a
permission or a connection of the container, so that network isolation does not stand in the way. The format:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any, Final

from sevenfold.drift.counters import Scrape, latency_quantile, since

if TYPE_CHECKING:
    from sevenfold.drift.verdict import WindowDrift
    from sevenfold.serving.cloud_metrics.figures import Figures

__all__ = ["BIN_ROWS", "NAMESPACE", "PREDICTED_ROWS", "EmbeddedMetrics", "dimension"]

NAMESPACE: Final = "Sevenfold"
PREDICTED_ROWS: Final = "PredictedRows"
BIN_ROWS: Final = "bin_rows"  # of a feature's line: rows per bin, in the order of the reference
SHARED: Final = ("Endpoint", "Bundle")
MOST_LETTERS: Final = 250  # of a value of a dimension: CloudWatch takes 1,024
Values = dict[str, tuple[float, str]]  # by metric: its value and its unit


def dimension(text: str) -> str:
    r"""Return a text as the value of a dimension: ASCII, not empty.

    >>> print(dimension("Zürich"), dimension(""))
    Z\xfcrich -
    """
    plain = text.encode("unicode_escape").decode("ascii")[:MOST_LETTERS]
    return plain if plain.strip() else "-"


class EmbeddedMetrics:
    """Prints what was counted since the last time; what could not be printed is in the next line.

    Args:
        endpoint: its name, a dimension of every metric.
        out: gets the lines.
    """

    def __init__(self, endpoint: str, out: IO[str]) -> None:
        self._endpoint, self._out = endpoint, out
        self._before: Scrape | None = None

    def send(self, figures: Figures, window: WindowDrift | None) -> None:
        """Print the figures of the time since the last call, and of a window that has ended.

        Raises:
            OSError: nobody reads.
        """
        counted = since(self._before, figures.scrape)
        lines = [
            *self._counted(figures.moment, counted),
            *self._features(figures, counted),
            *self._drifted(figures.moment, counted, window),
        ]
        self._out.write("".join(f"{line}\n" for line in lines))
        self._out.flush()
        self._before = figures.scrape

    def _counted(self, moment: float, counted: Scrape) -> Iterator[str]:
        values: Values = {
            "Requests": (counted.requests, "Count"),
            "Errors": (counted.errors, "Count"),
            "Refused": (counted.refused, "Count"),
            "Rows": (counted.rows, "Count"),
        }
        for name, quantile in (("LatencyP50", 0.5), ("LatencyP99", 0.99)):
            seconds = latency_quantile(counted, quantile)
            if math.isfinite(seconds):
                values[name] = (round(seconds * 1000, 3), "Milliseconds")
        codes = {code: round(count) for code, count in counted.codes.items() if count}
        yield self._line(moment, counted.bundle, {}, values, {"codes": codes})
        for name, rows in counted.prediction.items():
            if rows:
                yield self._line(moment, counted.bundle, {"Bin": name}, {PREDICTED_ROWS: (rows, "Count")})

    def _features(self, figures: Figures, counted: Scrape) -> Iterator[str]:
        """Yield rows per bin of each feature: lines of the log alone, of which the counts of all replicas are added."""
        for feature, bins in figures.reference.features.items():
            rows = [round(counted.bins.get((feature, name), 0.0)) for name in bins.names]
            if any(rows):
                about = {"Endpoint": self._endpoint, "Bundle": counted.bundle, "feature": feature, BIN_ROWS: rows}
                yield json.dumps(about, ensure_ascii=True, separators=(",", ":"))

    def _drifted(self, moment: float, counted: Scrape, window: WindowDrift | None) -> Iterator[str]:
        if window is None:
            return
        values: Values = {"WindowRows": (window.rows, "Count")}
        if window.verdict != "insufficient_data":
            values["FeaturesDrifted"] = (sum(one.drifted for one in window.features if not one.predicted), "Count")
        yield self._line(moment, counted.bundle, {}, values, {"window": window.label, "verdict": window.verdict})
        for one in window.features:
            judged: Values = {"PSI": (round(one.psi, 6), "None"), "Drifted": (float(one.drifted), "Count")}
            about = {
                "window": window.label,
                "bin": one.bin,
                "before": round(one.before, 6),
                "after": round(one.after, 6),
            }
            yield self._line(moment, counted.bundle, {"Feature": one.feature}, judged, about)

    def _line(
        self, moment: float, bundle: str, own: dict[str, str], values: Values, about: dict[str, Any] | None = None
    ) -> str:
        """Return one document; `own` dimensions stand beside endpoint and bundle, `about` is for who reads the log."""
        metrics = [{"Name": name, "Unit": unit} for name, (_, unit) in values.items()]
        directive = {"Namespace": NAMESPACE, "Dimensions": [[*SHARED, *own]], "Metrics": metrics}
        document = {
            "_aws": {"Timestamp": round(moment * 1000), "CloudWatchMetrics": [directive]},
            "Endpoint": self._endpoint,
            "Bundle": bundle,
            **{name: dimension(value) for name, value in own.items()},
            **{name: int(value) if value == int(value) else value for name, (value, _) in values.items()},
            **(about or {}),
        }
        return json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
