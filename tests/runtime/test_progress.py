import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.runtime.progress import PREFIX, Progress, parse_progress, report_progress


def test_a_line_reads_back_wherever_a_log_puts_it(capsys: pytest.CaptureFixture[str]) -> None:
    report_progress("training", "epoch 3\nof 9: é", done=3, total=9)
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    expected = Progress("training", "epoch 3\nof 9: é", 3, 9)
    assert parse_progress(line) == expected
    assert parse_progress("2026-01-01T00:00:00Z pod/x | " + line) == expected


@pytest.mark.parametrize(
    "line", ["", "epoch 3", PREFIX, PREFIX + "{", PREFIX + "[]", PREFIX + "{}", PREFIX + '{"x":1}']
)
def test_any_other_line_is_none(line: str) -> None:
    assert parse_progress(line) is None


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    parse_progress(text)
    parse_progress(PREFIX + text)
