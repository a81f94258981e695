"""The drift rule: its arithmetic against scipy, its false alarms and its power by simulation."""

import numpy as np
import pytest
from scipy import stats

from sevenfold.contracts.reference import FeatureBins, Reference
from sevenfold.drift.chi_squared import chi_squared_quantile
from sevenfold.drift.counters import Scrape, bin_counts
from sevenfold.drift.stability import smoothed_shares, stability_index
from sevenfold.drift.verdict import WindowDrift, alarms, overall, window_drift
from sevenfold.plan.monitoring import MonitoringSection

SECTION = MonitoringSection()
BINS = 11  # ten deciles and missing


def reference_of(counts, features=1) -> Reference:
    bins = FeatureBins(
        kind="number",
        edges=tuple(range(len(counts) - 2)),
        names=(*(f"b{i}" for i in range(len(counts) - 1)), "missing"),
        counts=tuple(int(count) for count in counts),
    )
    return Reference(rows=int(sum(counts)), features={f"f{i}": bins for i in range(features)})


def drifted(counts, reference_counts, features, section=SECTION):
    """Apply the rule to arrays of shape [..., bins] at once; the same steps as `drift.verdict`."""
    rows, before = counts.sum(-1), np.asarray(reference_counts, dtype=float)
    degrees, noise = counts.shape[-1] - 1, 1 / rows + 1 / before.sum(-1)
    index = stability_index(counts, before)
    moved = np.abs(smoothed_shares(counts) - smoothed_shares(before)).max(-1)
    limit = stats.chi2.ppf(1 - section.significance / features, degrees)
    return (index / noise > limit) & ((index - degrees * noise >= section.psi) | (moved >= section.share))


@pytest.mark.parametrize("degrees", [1, 2, 5, 10, 12, 15])
@pytest.mark.parametrize("level", [0.01, 0.01 / 20, 0.01 / 50])
def test_the_quantile_is_scipys(degrees, level):
    assert chi_squared_quantile(1 - level, degrees) == pytest.approx(stats.chi2.ppf(1 - level, degrees), rel=1e-9)


def test_the_index_is_the_symmetric_relative_entropy_of_the_smoothed_shares():
    now, before = np.array([30, 50, 0, 20]), np.array([400, 300, 250, 50])
    # half a row for the side with fewer rows, and as large a part of the other
    for few, many, times in ((now, before, 10), (before, now * 25, 2.5)):
        p, q = (many + 0.5 * times) / (many + 0.5 * times).sum(), (few + 0.5) / (few + 0.5).sum()
        expected = pytest.approx(stats.entropy(p, q) + stats.entropy(q, p), rel=1e-12)
        assert stability_index(few, many) == expected
        assert stability_index(many, few) == expected


def test_bins_that_are_empty_or_rare_are_no_evidence_however_many_rows_the_reference_has():
    rng = np.random.default_rng(2)
    share = np.array([0.55, 0.25, 0.1, 0.05, 0.02, 0.01, 0.008, 0.006, 0.004, 0.002, 0, 0, 0])
    now, before = rng.multinomial(200, share, 20_000), rng.multinomial(10_000_000, share)
    evidence = stability_index(now, before) / (1 / 200 + 1 / 10_000_000)
    assert evidence.mean() < len(share) - 1  # the mean of the chi-squared distribution that it is held against
    assert (evidence > stats.chi2.ppf(1 - SECTION.significance, len(share) - 1)).mean() <= SECTION.significance


def test_the_simulation_and_the_rule_are_one_formula():
    rng = np.random.default_rng(0)
    before = rng.multinomial(5_000, [1 / BINS] * BINS)
    for _ in range(50):
        now = rng.multinomial(2_000, rng.dirichlet([40] * BINS))
        window = window_drift("w", {"f0": now}, reference_of(before), SECTION)
        assert (window.verdict == "drifted") == bool(drifted(now, before, 1))


def test_without_drift_the_index_has_the_expectation_that_is_taken_off():
    rng = np.random.default_rng(1)
    share = np.full(10, 0.1)
    now, before = rng.multinomial(2_000, share, 4_000), rng.multinomial(10_000, share, 4_000)
    indices = stability_index(now, before)
    assert indices.mean() == pytest.approx(9 * (1 / 2_000 + 1 / 10_000), rel=0.03)
    # and scaled it follows the chi-squared distribution that it is tested against
    scaled = indices / (1 / 2_000 + 1 / 10_000)
    assert stats.kstest(scaled, stats.chi2(9).cdf).pvalue > 0.001


@pytest.mark.parametrize("rows", [200, 2_000, 50_000])
def test_no_drift_raises_no_alarm(rows):
    rng = np.random.default_rng(rows)
    runs, features, training = 1_000, 20, 20_000
    share = np.append(np.full(10, 0.095), 0.05)
    before = rng.multinomial(training, share, (runs, features))
    looks = [drifted(rng.multinomial(rows, share, (runs, features)), before, features).any(-1) for _ in range(3)]
    assert np.mean(looks) <= 0.05  # of a look
    assert np.mean(np.sum(looks, axis=0) >= 2) <= 0.01  # of an alarm: two looks of three


@pytest.mark.parametrize("rows", [0, 1, 30, 199])
def test_few_rows_give_no_verdict_however_far_they_moved(rows):
    window = window_drift("w", {"f0": np.array([rows] + [0] * 10)}, reference_of([100] * BINS), SECTION)
    assert window.verdict == "insufficient_data"
    assert window.features == ()


def shifted(kind: str, rng: np.random.Generator, rows: int, runs: int):
    """Return counts [runs, bins] of a shifted feature, and of the training rows."""
    if kind == "category":
        before = np.array([0.4, 0.3, 0.2, 0.1, 0.0, 0.0, 0.0])
        after = before + np.array([0.1, -0.1, 0, 0, 0, 0, 0])
    elif kind == "missing":
        before, after = np.append(np.full(10, 0.1), 0.0), np.append(np.full(10, 0.09), 0.1)
    elif kind == "prior":
        before, after = np.array([0.8, 0.2, 0.0]), np.array([0.72, 0.28, 0.0])
    else:
        edges = stats.norm.ppf(np.linspace(0, 1, 11))
        moves = {"half": 0.5, "twentieth": 0.05, "tenth": 0.1}
        ends = edges / 1000 if kind == "unit" else edges - moves[kind]
        before = np.append(np.full(10, 0.1), 0.0)
        after = np.append(np.diff(stats.norm.cdf(ends)), 0.0)
    return rng.multinomial(rows, after / after.sum(), runs), rng.multinomial(20_000, before, runs)


@pytest.mark.parametrize("kind", ["half", "category", "missing", "unit", "prior"])
def test_a_real_move_is_seen_in_every_window_of_two_thousand_rows(kind):
    now, before = shifted(kind, np.random.default_rng(5), 2_000, 500)
    assert drifted(now, before, 20).mean() >= 0.95


@pytest.mark.parametrize("kind", ["twentieth", "tenth"])
def test_a_small_move_stays_quiet_however_many_rows_prove_it(kind):
    now, before = shifted(kind, np.random.default_rng(6), 50_000, 200)
    assert drifted(now, before, 20).mean() <= 0.01


def test_shards_summed_are_judged_as_the_whole():
    rng = np.random.default_rng(8)
    shards = rng.multinomial(700, rng.dirichlet([20] * BINS), 3)
    reference = reference_of(rng.multinomial(5_000, [1 / BINS] * BINS))
    whole = window_drift("w", {"f0": shards.sum(0)}, reference, SECTION)
    parts = window_drift("w", {"f0": sum(shards)}, reference, SECTION)
    assert whole == parts


def windows_of(pattern: str):
    """Return windows: d drifted, s stable, i insufficient data."""
    reference = reference_of([100] * BINS)
    moved, still = np.array([3_000] + [100] * 10), np.array([100] * BINS)
    counts = {"d": moved, "s": still, "i": np.zeros(BINS)}
    return [window_drift(f"w{i}", {"f0": counts[letter]}, reference, SECTION) for i, letter in enumerate(pattern)]


@pytest.mark.parametrize(
    ("pattern", "since"),
    [
        ("sss", None),
        ("dss", None),
        ("dssd", None),
        ("sdd", "w1"),
        ("dsd", "w0"),
        ("dssddd", "w3"),
        ("did", "w0"),
        ("diiid", "w0"),
    ],
)
def test_an_alarm_needs_two_of_three_judged_windows(pattern, since):
    windows = windows_of(pattern)
    raised = alarms(windows, SECTION)
    assert [alarm.since for alarm in raised] == ([since] if since else [])
    assert overall(windows, SECTION) == ("drifted" if since else "stable")


def test_windows_without_rows_give_no_verdict():
    assert overall(windows_of("ii"), SECTION) == "insufficient_data"
    assert overall([WindowDrift(label="w", rows=0, verdict="insufficient_data")], SECTION) == "insufficient_data"


def test_what_moved_most_is_named_with_its_shares():
    before, now = [500, 300, 200], np.array([500, 100, 400])
    (feature,) = window_drift("w", {"f0": now}, reference_of(before), SECTION).features
    assert (feature.bin, round(feature.before, 2), round(feature.after, 2)) == ("b1", 0.3, 0.1)


def test_a_column_called_prediction_is_not_what_was_predicted():
    even, shifted = [100] * 10, [10] * 9 + [910]
    bins = reference_of(even).features["f0"]
    reference = Reference(rows=1_000, features={"prediction": bins}, prediction=bins)
    for column, predicted in ((shifted, even), (even, shifted)):
        scrape = Scrape(
            "m",
            "1",
            bins={("prediction", name): float(count) for name, count in zip(bins.names, column, strict=True)},
            prediction={name: float(count) for name, count in zip(bins.names, predicted, strict=True)},
        )
        features = window_drift("w", bin_counts(scrape, reference), reference, SECTION).features
        assert [(f.feature, f.predicted) for f in features] == [("prediction", False), ("prediction:output", True)]
        assert [f.drifted for f in features] == [column is shifted, predicted is shifted]
        raised = alarms([window_drift("w", bin_counts(scrape, reference), reference, SECTION)] * 3, SECTION)
        assert [alarm.worst.predicted for alarm in raised] == [predicted is shifted]
