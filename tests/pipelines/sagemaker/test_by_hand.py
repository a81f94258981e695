"""A person decides on SageMaker: what waits gets no requests, is promoted, put back, withdrawn; what serves is told."""

from __future__ import annotations

import io
import time
from typing import Any

import boto3
from moto_endpoints import Changes
from predicted_rows import REFERENCE, predicted
from sagemaker_plans import ROOT
from sagemaker_releases import EARLIER, EARLIER_DIGEST, OLD, Releaser, serve_earlier, serve_old
from tested_run import DIGEST, LABEL

from sevenfold.pipelines.new_object import write_new
from sevenfold.pipelines.sagemaker.feature_log import log_group
from sevenfold.pipelines.store import Store
from sevenfold.serving.cloud_metrics.embedded import EmbeddedMetrics


def test_what_waits_for_a_person_gets_no_requests(releaser: Releaser, changes: Changes) -> None:
    serve_old(releaser.client)
    assert releaser.release({"deployment": {"approval": "manual"}}).state == "waiting"
    assert releaser.weights() == {f"v-{OLD}": 100.0, f"v-{LABEL}": 0.0}
    made = list(changes.made)
    assert releaser.release(decision="undecided").state == "waiting"
    assert (changes.made, releaser.approval()) == (made, "PendingManualApproval")


def test_a_person_promotes_puts_back_and_withdraws_by_the_command_line(releaser: Releaser) -> None:
    serve_earlier(releaser.client)
    manual: dict[str, Any] = {"deployment": {"approval": "manual"}}
    assert releaser.release(manual).state == "waiting"
    assert f"waiting   {DIGEST[:19]}, 0 % of the requests" in releaser.says("status").output
    done = releaser.says("promote", "--reason", "looked at ten of them")
    assert done.exit_code == 0, done.output
    assert releaser.weights() == {f"v-{LABEL}": 100.0}
    assert releaser.approval() == "Approved"
    assert releaser.release(manual).state == "promoted"
    done = releaser.says("rollback", "--reason", "too late for the gate")
    assert done.exit_code == 0, done.output
    assert releaser.weights() == {f"v-{EARLIER}": 100.0}
    assert releaser.left() == ([f"demo-{EARLIER}"], [f"demo-{EARLIER}"])
    model = releaser.client.describe_model(ModelName=f"demo-{EARLIER}")["PrimaryContainer"]
    kept = model["ModelDataSource"]["S3DataSource"]["S3Uri"]
    assert kept == f"{ROOT}/demo/registry/bundles/{EARLIER_DIGEST.removeprefix('sha256:')}/"
    lines = releaser.says("history").output.splitlines()
    assert [line.split()[2] for line in lines] == ["rollback", "promote", "promote"]
    assert ("too late for the gate" in lines[0], "looked at ten of them" in lines[1]) == (True, True)


def test_a_person_withdraws_what_waits(releaser: Releaser) -> None:
    serve_earlier(releaser.client)
    manual: dict[str, Any] = {"deployment": {"approval": "manual"}}
    releaser.release(manual)
    assert f"withdrew {DIGEST[:19]}" in releaser.says("rollback", "--candidate").output
    assert releaser.weights() == {f"v-{EARLIER}": 100.0}
    assert (releaser.approval(), releaser.release(manual).state) == ("Rejected", "rolled back")


def test_a_record_of_promotions_is_written_once(releaser: Releaser) -> None:
    assert write_new(f"{ROOT}/demo/registry/history/00000001.json", b"ours")
    assert not write_new(f"{ROOT}/demo/registry/history/00000001.json", b"theirs")
    assert Store(ROOT).read("demo/registry/history/00000001.json") == b"ours"


def test_status_tells_of_drift_over_all_replicas(releaser: Releaser) -> None:
    """By what each container printed; CloudWatch counts what each predicted."""
    assert releaser.release().state == "promoted"
    first = releaser.says("status").output.splitlines()[-1]
    assert first.startswith("drift     no verdict: 0 rows of the last 60 minutes, over all replicas; if there were")
    logs, feature = boto3.client("logs"), min(REFERENCE.features, key=lambda name: REFERENCE.features[name].counts[0])
    logs.create_log_group(logGroupName=log_group("demo"))

    def replica(number: int, drifted: str = "") -> None:
        printed, moment = io.StringIO(), round(time.time() * 1000)
        EmbeddedMetrics("demo", printed).send(predicted(150, drifted=drifted), None)
        events = [{"timestamp": moment, "message": line} for line in printed.getvalue().splitlines()]
        about = {"logGroupName": log_group("demo"), "logStreamName": f"v-{LABEL}/i-{number}"}
        logs.create_log_stream(**about)
        logs.put_log_events(**about, logEvents=events)

    replica(1)
    assert "drift     no verdict: 15" in releaser.says("status").output
    replica(2)
    assert "drift     stable: 30" in releaser.says("status").output
    replica(3, feature)
    lines = releaser.says("status").output.splitlines()
    assert "drift     drifted: 4" in lines[-2]
    assert lines[-1].startswith(f"          {feature}  PSI")
