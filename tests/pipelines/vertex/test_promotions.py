"""Promotions that several people record at one moment: each keeps its number, in a bucket of Google's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from google_cloud import GoogleCloud
from tested_run import DIGEST, GOLDEN

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.registry import Record
from sevenfold.pipelines.endpoint.promotions import BucketPromotions
from sevenfold.pipelines.new_object import write_new
from sevenfold.pipelines.store import Store

OTHER = GOLDEN.parents[1] / "4/bundle"
OTHER_DIGEST = Bundle.open(OTHER).digest


def record(digest: str, who: str) -> Record:
    return Record(name="demo", bundle=digest, who=who)


def test_an_object_is_written_once(cloud: GoogleCloud) -> None:
    assert write_new("gs://ours/runs/one", b"first")
    assert not write_new("gs://ours/runs/one", b"second")
    assert cloud.objects == {"ours/runs/one": b"first"}


def test_a_record_that_somebody_writes_meanwhile_is_not_replaced(
    cloud: GoogleCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another promotion comes between the look at the history and the record of ours."""
    promotions, brought, calls = BucketPromotions(Store("gs://ours/runs"), "demo"), BucketPromotions._brought, []

    def meanwhile(self: BucketPromotions, folder: Path) -> object:
        found = brought(self, folder)
        calls.append(1)
        if len(calls) == 1:
            promotions.promote(record(OTHER_DIGEST, "ada"), OTHER)
        return found

    monkeypatch.setattr(BucketPromotions, "_brought", meanwhile)
    written = promotions.promote(record(DIGEST, "bob"), GOLDEN)
    assert [(one.number, one.who) for one in promotions.history()] == [(1, "ada"), (2, "bob")]
    assert written.number == 2


def test_many_at_once_lose_nothing(cloud: GoogleCloud) -> None:
    promotions = BucketPromotions(Store("gs://ours/runs"), "demo")
    bundles = sorted(GOLDEN.parents[1].glob("*/bundle"))
    digests = [Bundle.open(bundle).digest for bundle in bundles]
    assert len(set(digests)) == len(bundles) > 2
    with ThreadPoolExecutor(len(bundles)) as pool:
        asked = [record(digest, "somebody") for digest in digests]
        done = list(pool.map(promotions.promote, asked, bundles))
    assert sorted(one.number for one in done) == list(range(1, len(bundles) + 1))
    assert sorted(one.bundle for one in promotions.history()) == sorted(digests)
