"""A bucket of Cloud Storage as the pipeline root, and as where a table is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cloud_storage import Answer, error
from google_cloud import GoogleCloud

from sevenfold.contracts.errors import DataError, TemporaryError
from sevenfold.pipelines.store import Store
from sevenfold.runtime.checkpoint import checkpoints_at
from sevenfold.tables.source import resolve_source


def test_a_file_goes_to_the_bucket_once_and_comes_back(cloud: GoogleCloud, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("a,b,y\n1,0,p\n")
    store = Store("gs://ours/runs")
    address = store.put(table)
    assert cloud.objects[address.removeprefix("gs://")] == table.read_bytes()
    uploads = len(cloud.uploads)
    assert store.put(table) == address
    assert len(cloud.uploads) == uploads
    assert resolve_source(address, tmp_path, tmp_path / "work").read_bytes() == table.read_bytes()


def test_a_folder_and_a_file_are_copied_by_their_addresses(cloud: GoogleCloud, tmp_path: Path) -> None:
    cloud.objects |= {"ours/runs/7/train/bundle/a.json": b"1", "ours/runs/7/train/bundle/deep/b.json": b"2"}
    cloud.objects["ours/runs/7/train/report"] = b"page"
    cloud.objects |= {
        "ours/runs/7/train/bundle/": b"",
        "ours/runs/7/train/bundle/deep/": b"",
    }
    store = Store("gs://ours/runs")
    assert store.copy("gs://ours/runs/7/train/bundle", tmp_path / "bundle")
    assert (tmp_path / "bundle" / "deep" / "b.json").read_text() == "2"
    assert store.copy("gs://ours/runs/7/train/report", tmp_path / "report")
    assert (tmp_path / "report").read_text() == "page"
    assert not store.copy("gs://ours/runs/7/train/none", tmp_path / "none")


def test_a_table_that_is_not_there_is_named(cloud: GoogleCloud, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gs://ours/none\.csv") as refused:
        resolve_source("gs://ours/none.csv", tmp_path, tmp_path / "work")
    assert refused.value.code == "missing_file"


def test_unfinished_work_is_kept_in_the_bucket(cloud: GoogleCloud) -> None:
    kept = checkpoints_at("gs://ours/runs/kept", {"work": 1})
    kept.write("state", b"half")
    assert checkpoints_at("gs://ours/runs/kept", {"work": 1}).read("state") == b"half"
    assert checkpoints_at("gs://ours/runs/kept", {"work": 2}).read("state") is None


def test_a_bucket_that_may_only_be_read_is_named_with_the_command(
    cloud: GoogleCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "table.csv").write_text("a\n1\n")
    read = cloud._storage

    def refused(method: str, *rest: Any) -> Answer:
        denied = error(403, "PERMISSION_DENIED", "You have no storage.objects.create access.")
        return (403, denied, {}) if method == "POST" else read(method, *rest)

    monkeypatch.setattr(cloud, "_storage", refused)
    with pytest.raises(DataError) as caught:
        Store("gs://ours/runs").put(tmp_path / "table.csv")
    assert (caught.value.code, caught.value.exit_status) == ("store_refused", 2)
    assert caught.value.remedy.startswith("gcloud storage buckets add-iam-policy-binding gs://ours --member=")
    assert cloud.objects == {}


def test_what_cannot_be_copied_is_said_and_may_be_tried_again(tmp_path: Path) -> None:
    (tmp_path / "root/bundle").mkdir(parents=True)
    (tmp_path / "root/bundle/a.json").write_text("1")
    (tmp_path / "taken").write_text("a file where the folder is to be")
    store = Store((tmp_path / "root").as_uri())
    with pytest.raises(TemporaryError, match="must be read, but was not") as refused:
        store.copy((tmp_path / "root" / "bundle").as_uri(), tmp_path / "taken")
    assert refused.value.code == "store_read"
