import json
from pathlib import Path

import pytest

from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.handover import Handover
from sevenfold.contracts.manifest import seal, verify

HANDOVER = Handover(
    dataset="s3://ours/dataset",
    bundle="s3://ours/bundle",
    evaluation="s3://ours/evaluation",
    bundle_digest=f"sha256:{'b' * 64}",
    evaluation_digest=f"sha256:{'e' * 64}",
)
# As version 0.1.0 wrote it, before there was a class for it.
WRITTEN = (
    f'{{"bundle":"s3://ours/bundle","bundle_digest":"sha256:{"b" * 64}","dataset":"s3://ours/dataset",'
    f'"evaluation":"s3://ours/evaluation","evaluation_digest":"sha256:{"e" * 64}"}}\n'
)


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    HANDOVER.save(tmp_path / "handover")
    verify(tmp_path / "handover")
    assert Handover.open(tmp_path / "handover") == HANDOVER
    assert (tmp_path / "handover" / "handover.json").read_text() == WRITTEN


def test_what_was_changed_afterwards_is_refused(tmp_path: Path) -> None:
    HANDOVER.save(tmp_path / "handover")
    (tmp_path / "handover" / "handover.json").write_text(WRITTEN.replace("ours", "theirs"))
    with pytest.raises(IntegrityError):
        Handover.open(tmp_path / "handover")


def test_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "handover.json").write_text(json.dumps({"dataset": "s3://ours/dataset"}))
    seal(tmp_path, expected=["handover.json"])
    with pytest.raises(IntegrityError) as caught:
        Handover.open(tmp_path)
    assert caught.value.code == "unknown_format"
