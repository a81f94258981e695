"""What a local run shows on the console."""

import io

from rich.console import Console
from rich.text import Text

from sevenfold.pipelines.view import RunView, stage_lines


def test_stages_after_the_last_that_began_are_shown_with_the_reason() -> None:
    console = Console(file=io.StringIO(), width=100)
    view = RunView(console)
    with view:
        view.start("train-model")
        view.finish("train-model", False, None)
        view.skip("training failed")
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().splitlines()[1:] == [
        "– 5 testing      Did not run: training failed.",
        "– 6 inference    Did not run: training failed.",
        "– 7 monitoring   Did not run: training failed.",
    ]


def test_a_long_headline_is_broken_below_100_columns_and_keeps_its_words() -> None:
    headline = "Drift in the 109,619 rows after the test period: 8 features moved, most of all " + ", ".join(
        f"feature_{number} (since 2013-09)" for number in range(5)
    )
    lines = [Text.from_markup(line).plain for line in stage_lines("[yellow]![/]", "7 monitoring", headline, "5 s")]
    assert len(lines) > 1
    assert max(map(len, lines)) < 100
    assert lines[0].startswith("! 7 monitoring   Drift")
    assert " ".join(" ".join(lines).split()) == f"! 7 monitoring {headline} 5 s"


def test_a_headline_with_brackets_is_shown_as_it_is() -> None:
    (line,) = stage_lines("✓", "5 testing", "column [red] is 'a[b]'", "")
    assert Text.from_markup(line).plain == "✓ 5 testing      column [red] is 'a[b]'"


def test_the_time_stays_in_one_piece_and_nothing_may_be_said() -> None:
    for length in range(70, 90):
        lines = [Text.from_markup(line).plain for line in stage_lines("✓", "5 testing", "a" * length, "12 s")]
        assert lines[-1].endswith("12 s")
    assert [Text.from_markup(line).plain for line in stage_lines("✓", "5 testing", "", "")] == ["✓ 5 testing      "]
