"""Two teams, each in a namespace of its own with its own bucket, that serve a plan of the same name."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

ROOT = Path(__file__).parents[3]
NAME = "two-teams"
OTHER = "sevenfold-other"


@pytest.fixture(scope="module")
def other(team, tmp_path_factory):
    """A second team: our base and the storage component under another namespace, another bucket."""
    folder = tmp_path_factory.mktemp("other")
    base, component = (
        os.path.relpath(ROOT / "manifests" / part, folder) for part in ("base", "components/storage-secret")
    )
    (folder / "kustomization.yaml").write_text(f"namespace: {OTHER}\nresources: [{base}]\ncomponents: [{component}]\n")
    made = dataclasses.replace(team, namespace=OTHER, bucket=OTHER, plans=set(), folder=folder)
    made.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", given=made.kubectl("kustomize", str(folder)))
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        (folder / key).write_text(os.environ[key])
    keys = [f"--from-file={folder / key}" for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
    secret = ("create", "secret", "generic", "sevenfold-storage", *keys, "--dry-run=client", "-o", "yaml")
    made.kubectl("apply", "--server-side", "-f", "-", given=made.kubectl(*secret))
    store = ("s3-endpoint=seaweedfs.kubeflow:9000", "s3-usehttps=0", "s3-region=us-east-1")
    notes = [f"serving.kserve.io/{pair}" for pair in store]
    made.kubectl("annotate", "--overwrite", "secret", "sevenfold-storage", *notes)
    made.store.create_dir(OTHER)
    script = team.kubectl("get", "configmap", "serving-test-script", "-o", "jsonpath={.data.in_pod\\.py}")
    (folder / "in_pod.py").write_text(script)
    source = ("create", "configmap", "serving-test-script", f"--from-file={folder / 'in_pod.py'}", "--dry-run=client")
    made.kubectl("apply", "--server-side", "-f", "-", given=made.kubectl(*source, "-o", "yaml"))
    yield made
    made.kubectl("delete", "namespace", OTHER, "--wait=false")
    made.store.delete_dir(OTHER)


def test_two_teams_do_not_see_or_disturb_each_other(team, other) -> None:
    ours, theirs = team.version(NAME, seed=11), other.version(NAME, seed=12)
    ends = [release.wait() for release in (team.release(NAME, ours), other.release(NAME, theirs))]
    assert [end.get("decision") for end in ends] == ["promote", "promote"], ends
    for side, version in ((team, ours), (other, theirs)):
        side.until(lambda side=side, version=version: side.ask(NAME, version) == (200, version.digest), 60)
        [record] = side.records(NAME)
        assert record["bundle"] == version.digest
        assert record["location"].startswith(f"s3://{side.bucket}/")
        printed = side.sevenfold("history", NAME, "-n", side.namespace)
        assert printed.stdout.count("promote") == 1, printed.stderr
        assert version.digest[:19] in printed.stdout
    account = f"--as=system:serviceaccount:{OTHER}:deployer"
    for verb, kind in (
        ("get", "inferenceservices"),
        ("patch", "inferenceservices"),
        ("list", "configmaps"),
        ("get", "pods"),
    ):
        assert other.kubectl("auth", "can-i", verb, kind, account, fails=True).strip() == "yes"
        assert team.kubectl("auth", "can-i", verb, kind, account, fails=True).strip() == "no"
    gone = other.sevenfold("rollback", NAME, "-n", OTHER)
    assert "nothing_to_roll_back" in gone.stderr
    other.forget(NAME)
    assert team.ask(NAME, ours) == (200, ours.digest)
