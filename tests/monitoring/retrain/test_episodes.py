"""An episode of drift keeps the window that began it, against a count of windows by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sevenfold.drift.verdict import FeatureDrift, WindowDrift
from sevenfold.monitoring.retrain.episodes import drifting_since
from sevenfold.plan.monitoring import MonitoringSection

SECTION = MonitoringSection(windows=3, windows_drifted=2)


def window(label: str, drifted: str | None) -> WindowDrift:
    """`drifted` names the features that drifted by one letter each; None is a window without a verdict."""
    if drifted is None:
        return WindowDrift(label=label, rows=1, verdict="insufficient_data")
    features = tuple(
        FeatureDrift(feature=name, psi=0.0, evidence=0, limit=0, bin="", before=0, after=0, drifted=name in drifted)
        for name in "ab"
    )
    return WindowDrift(label=label, rows=500, verdict="drifted" if drifted else "stable", features=features)


def windows(*drifted: str | None) -> list[WindowDrift]:
    return [window(f"w{number}", names) for number, names in enumerate(drifted)]


def test_a_feature_that_goes_on_drifting_is_one_cause() -> None:
    assert drifting_since(windows("a"), SECTION) == {}
    assert drifting_since(windows("a", "a"), SECTION) == {"a": "w1"}
    assert drifting_since(windows("a", "a", "a", "ab", "ab"), SECTION) == {"a": "w1", "b": "w4"}


def test_one_that_stopped_and_began_again_is_another() -> None:
    assert drifting_since(windows("a", "a", "", ""), SECTION) == {}
    assert drifting_since(windows("a", "a", "", "", "a", "a"), SECTION) == {"a": "w5"}


def test_windows_without_a_verdict_do_not_count() -> None:
    assert drifting_since(windows("a", None, None, "a"), SECTION) == {"a": "w3"}
    assert drifting_since(windows(None, None), SECTION) == {}
    assert drifting_since([], SECTION) == {}


@given(st.lists(st.one_of(st.none(), st.sampled_from(["", "a", "b", "ab"])), max_size=12))
def test_what_drifts_is_counted_as_by_hand(drifted: list[str | None]) -> None:
    known = [(f"w{at}", names) for at, names in enumerate(drifted) if names is not None]
    expected: dict[str, str] = {}
    for name in "ab":
        active = [sum(name in names for _, names in known[max(0, at - 2) : at + 1]) >= 2 for at in range(len(known))]
        if active and active[-1]:
            start = len(active) - 1
            while start > 0 and active[start - 1]:
                start -= 1
            expected[name] = known[start][0]
    assert drifting_since(windows(*drifted), SECTION) == expected
