"""The Prometheus metrics of a predictor: the name, labels and meaning of each, defined once.

The predictor writes these series; the rules, the dashboards and the drift report read them by these constants.
Namespace and pod are Prometheus's own labels. `feature` and `bin` come from the bundle's reference alone, `code` and
`reason` from the tuples below, so the number of series is fixed when a model loads, whatever clients send. Every series
is there, at 0, from the first scrape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = [
    "BUCKETS",
    "BUNDLE_INFO",
    "CODES",
    "EXTRA_FIELDS",
    "FEATURE_BINS",
    "FEEDBACK_ABSOLUTE",
    "FEEDBACK_BELOW",
    "FEEDBACK_BRIER",
    "FEEDBACK_CLASS_BELOW",
    "FEEDBACK_CLASS_POSITIVES",
    "FEEDBACK_CONFUSION",
    "FEEDBACK_CORRECT",
    "FEEDBACK_FOURTH",
    "FEEDBACK_LABELS",
    "FEEDBACK_LOG_LOSS",
    "FEEDBACK_NEGATIVES",
    "FEEDBACK_POSITIVES",
    "FEEDBACK_ROWS",
    "FEEDBACK_SQUARED",
    "METRICS",
    "MODEL_LOAD_REJECTED",
    "NONFINITE",
    "OUT_OF_RANGE",
    "PREDICTIONS",
    "PREDICTION_BINS",
    "READY",
    "REFERENCE_CHI_SQUARED",
    "REFERENCE_DEGREES",
    "REFERENCE_FEATURE_BINS",
    "REFERENCE_LEVEL",
    "REFERENCE_PREDICTION_BINS",
    "REFERENCE_ROWS",
    "REFERENCE_SCORE",
    "REFERENCE_SCORE_ROWS",
    "REFUSALS",
    "REQUESTS",
    "REQUEST_SECONDS",
    "SHARED",
    "SHED",
    "UNKNOWN_CATEGORIES",
    "Metric",
    "bundle_label",
]

SHARED: Final = ("model", "bundle")  # labels of every series of a bundle
# Status codes a prediction can end with; one series each.
CODES: Final = ("200", "400", "408", "413", "415", "422", "499", "500", "503")
# Why a model was refused at load: the two families of `IntegrityError` and `PolicyError`, and all else.
REFUSALS: Final = ("integrity", "policy", "other")
# Level of the exported chi-squared limits: so small because a week has thousands of looks (`benchmarks.drift`).
REFERENCE_LEVEL: Final = 0.0005
# Upper bounds in seconds; the default service level, 0.25, is one of them.
BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


@dataclass(frozen=True)
class Metric:
    """One metric as Prometheus sees it; a counter's name ends in ``_total``, a histogram adds its own endings."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = SHARED

    def __str__(self) -> str:
        return self.name

    @property
    def own_labels(self) -> tuple[str, ...]:
        """The labels besides those of every series, in alphabetical order."""
        return tuple(sorted(set(self.labels) - set(SHARED)))


def _by_bin(name: str, help_text: str) -> Metric:
    return Metric(name, "counter", help_text, (*SHARED, "bin"))


_FEATURE = (*SHARED, "feature")
_BIN = (*SHARED, "feature", "bin")

REQUESTS = Metric(
    "sevenfold_requests_total",
    "counter",
    "Prediction requests answered, by HTTP status; 499 is a client that left.",
    (*SHARED, "code"),
)
REQUEST_SECONDS = Metric(
    "sevenfold_request_seconds",
    "histogram",
    "Seconds from a request's headers to its answer, refused ones included.",
)
PREDICTIONS = Metric("sevenfold_predictions_total", "counter", "Rows predicted.")
FEATURE_BINS = Metric(
    "sevenfold_feature_bin_total", "counter", "Rows whose value fell into a bin of the reference, per feature.", _BIN
)
PREDICTION_BINS = _by_bin("sevenfold_prediction_bin_total", "Rows whose prediction fell into a bin of the reference.")
UNKNOWN_CATEGORIES = Metric(
    "sevenfold_unknown_category_total", "counter", "Values of a category never seen in training.", _FEATURE
)
OUT_OF_RANGE = Metric(
    "sevenfold_out_of_range_total", "counter", "Numbers below or above all those seen in training.", _FEATURE
)
EXTRA_FIELDS = Metric("sevenfold_extra_field_total", "counter", "Fields sent that the model does not know.")
NONFINITE = Metric("sevenfold_nonfinite_total", "counter", "Requests whose prediction was not a finite number.")
SHED = Metric("sevenfold_shed_total", "counter", "Requests turned away because too many were waiting.")
MODEL_LOAD_REJECTED = Metric(
    "sevenfold_model_load_rejected_total", "counter", "Bundles refused at load.", ("model", "reason")
)
READY = Metric("sevenfold_ready", "gauge", "1 while a model is loaded and takes requests.", ("model",))
BUNDLE_INFO = Metric(
    "sevenfold_bundle_info",
    "gauge",
    "Always 1; its labels describe the serving bundle.",
    (*SHARED, "digest", "task", "framework", "package_version"),
)
REFERENCE_FEATURE_BINS = Metric(
    "sevenfold_reference_feature_bin_rows", "gauge", "Training rows in a bin, per feature.", _BIN
)
REFERENCE_PREDICTION_BINS = Metric(
    "sevenfold_reference_prediction_bin_rows",
    "gauge",
    "Rows of the reference whose prediction fell into a bin.",
    (*SHARED, "bin"),
)
REFERENCE_ROWS = Metric("sevenfold_reference_rows", "gauge", "Training rows behind the reference.")
REFERENCE_DEGREES = Metric("sevenfold_reference_degrees_of_freedom", "gauge", "Bins of a feature less one.", _FEATURE)
REFERENCE_CHI_SQUARED = Metric(
    "sevenfold_reference_chi_squared_limit",
    "gauge",
    f"Chi-squared quantile that n times PSI must pass, at level {REFERENCE_LEVEL} over the number of features.",
    _FEATURE,
)

FEEDBACK_ROWS = Metric(
    "sevenfold_feedback_rows_total",
    "counter",
    "Rows fed back with their labels: scored, or why their label says nothing (missing, unknown, left_out).",
    (*SHARED, "label"),
)
FEEDBACK_CORRECT = Metric(
    "sevenfold_feedback_correct_total", "counter", "Scored rows whose class the model predicted right."
)
FEEDBACK_CONFUSION = Metric(
    "sevenfold_feedback_confusion_total",
    "counter",
    "Scored rows by true and predicted class; of models with at most 10 classes.",
    (*SHARED, "predicted", "true"),
)
FEEDBACK_LOG_LOSS = Metric(
    "sevenfold_feedback_log_loss_total",
    "counter",
    "Sum of −log of the probability given to the true class, over the scored rows.",
)
FEEDBACK_BRIER = Metric(
    "sevenfold_feedback_brier_total",
    "counter",
    "Sum of the squared errors of the probabilities, over the scored rows: of the positive class, or of every class.",
)
FEEDBACK_POSITIVES = _by_bin(
    "sevenfold_feedback_positives_total", "Scored rows of the positive class by bin of the predicted probability."
)
FEEDBACK_NEGATIVES = _by_bin(
    "sevenfold_feedback_negatives_total", "Scored rows of the negative class by bin of the predicted probability."
)
FEEDBACK_BELOW = _by_bin(
    "sevenfold_feedback_negatives_below_total",
    "Scored negative rows in the bins below this one, and half of those in it.",
)
FEEDBACK_CLASS_POSITIVES = Metric(
    "sevenfold_feedback_class_positives_total",
    "counter",
    "Scored rows of a class by bin of the probability that the model gave it; of models with 3 to 10 classes.",
    (*SHARED, "bin", "class"),
)
FEEDBACK_CLASS_BELOW = Metric(
    "sevenfold_feedback_class_negatives_below_total",
    "counter",
    "Scored rows of other classes in the bins below this one of the class's probability, and half of those in it.",
    (*SHARED, "bin", "class"),
)
FEEDBACK_ABSOLUTE = Metric(
    "sevenfold_feedback_absolute_error_total", "counter", "Sum of the absolute errors of the scored rows."
)
FEEDBACK_SQUARED = Metric(
    "sevenfold_feedback_squared_error_total", "counter", "Sum of the squared errors of the scored rows."
)
FEEDBACK_FOURTH = Metric(
    "sevenfold_feedback_fourth_power_error_total",
    "counter",
    "Sum of the fourth powers of the errors of the scored rows, for the spread of the squared ones.",
)
REFERENCE_SCORE = Metric(
    "sevenfold_reference_score", "gauge", "Score of the model on its validation rows, by metric.", (*SHARED, "metric")
)
REFERENCE_SCORE_ROWS = Metric("sevenfold_reference_score_rows", "gauge", "Validation rows behind these scores.")

FEEDBACK_LABELS: Final = ("scored", "missing", "unknown", "left_out")

METRICS: Final = tuple(value for value in list(globals().values()) if isinstance(value, Metric))


def bundle_label(digest: str) -> str:
    """Return the short form of a bundle's digest used in labels: its first 12 hex digits.

    >>> bundle_label("sha256:0123456789abcdef")
    '0123456789ab'
    """
    return digest.removeprefix("sha256:")[:12]
