from sevenfold.pipelines.local.logline import TaskEnded, TaskStarted, read_line
from sevenfold.runtime.progress import PREFIX, Progress


def test_kfp_lines_are_read_through_their_colours() -> None:
    started = "19:04:01.123 - INFO - Executing task \x1b[96m'prepare-data'\x1b[0m"
    ended = "19:04:09.456 - INFO - Task \x1b[96m'prepare-data'\x1b[0m finished with status \x1b[92mSUCCESS\x1b[0m"
    failed = ended.replace("SUCCESS", "FAILURE")
    assert read_line(started) == TaskStarted("prepare-data")
    assert read_line(ended) == TaskEnded("prepare-data", True)
    assert read_line(failed) == TaskEnded("prepare-data", False)


def test_progress_is_found_behind_kfps_indent() -> None:
    line = f'    {PREFIX}{{"done":3,"message":"trial 3","stage":"tuning","total":12}}'
    assert read_line(line) == Progress("tuning", "trial 3", 3, 12)


def test_anything_else_is_no_event() -> None:
    assert read_line("some text") is None
    assert read_line(f"{PREFIX}{{broken") is None
