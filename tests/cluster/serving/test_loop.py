"""The loop on a cluster, with the example's flights: from requests to a better model, or to none, and nobody asked.

Three models of the same winter serve at once: one goes on being asked about flights of its own time, two about those
of July. The newer rows of one of these have the targets of other flights.

Real are the predictors, a Prometheus 3, an Alertmanager, the receiver's pod, Kubeflow and what it starts. Windows last
a minute, so an outage of some seconds does what one of a quarter of an hour does.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from doorway import Doorway
from flights_loop import EXAMPLE, Flights, loop_plan, make_flights, requests_of
from own_prometheus import OwnPrometheus
from receiver_pod import ReceiverPod, receiver_pod

from sevenfold.contracts.bundle import Bundle
from sevenfold.drift.telemetry import bundle_label
from sevenfold.pipelines.runs import RunFolder
from sevenfold.plan import Plan, load_plan

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

BUCKET = "mlpipeline/retrain-tests"
KINDS = {"dataset": "prepare-data", "bundle": "train-model", "evaluation": "test-model"}
RATE = 12.0  # requests per second and model
RUN_SECONDS = 900.0
WARM = {"strategy": "replace", "deadline_seconds": 300}


@dataclass(frozen=True)
class Winter:
    """The first model: what it was made of, and its folders as the store is to hold them."""

    flights: Flights
    bundle: Bundle
    run: RunFolder
    quiet: tuple[bytes, ...]
    moved: tuple[bytes, ...]


@pytest.fixture(scope="module")
def winter(kubeflow: Any, tmp_path_factory: pytest.TempPathFactory) -> Winter:
    folder = tmp_path_factory.mktemp("winter")
    flights = make_flights(folder)
    flights.base.write_csv(folder / "base.csv")
    (folder / "plan.yaml").write_text(loop_plan("winter", "base.csv", "later.csv"))
    shutil.copy(EXAMPLE / "recipe.json", folder)
    done = kubeflow.run(folder, kubeflow.command("run", "plan.yaml"))
    assert done.returncode == 0, done.stdout + done.stderr
    run = RunFolder((folder / "runs" / "winter" / "1").resolve())
    bundle = Bundle.open(run.path / "bundle")
    asked = [*bundle.signature.inputs]
    quiet, moved = (tuple(requests_of(table, asked)) for table in (flights.quiet, flights.moved))
    return Winter(flights, bundle, run, quiet, moved)


@dataclass
class World:
    """Three models that serve, and what watches them."""

    team: Any
    winter: Winter
    plans: dict[str, Plan]
    pod: ReceiverPod
    prometheus: OwnPrometheus
    kubeflow: Doorway

    def users(self, model: str, bodies: tuple[bytes, ...]) -> Any:
        name = self.plans[model].name
        load = self.team.load_module.Load
        return load(f"{name}-sevenfold.example.com", f"/v1/models/{name}:predict", bodies, RATE, 6)

    def decided(self, model: str) -> list[tuple[str, str]]:
        """Decisions about a model, oldest first; repeated ones once."""
        told = self.pod.decisions(self.plans[model].name)
        return [(each["action"], each["reason"]) for each in sorted(told, key=lambda each: each["number"])]

    def runs(self, model: str) -> list[dict[str, Any]]:
        return [run for run in self.pod.runs() if run["display_name"].startswith(self.plans[model].name)]

    def serving(self, model: str) -> str:
        """Digest of the bundle whose promotion is the last on record."""
        return str(self.team.records(self.plans[model].name)[-1]["bundle"])

    def verdicts(self, model: str) -> list[float]:
        """What the rules say of each feature: 1 where it has drifted."""
        label = f'{{model="{self.plans[model].name}", bundle="{bundle_label(self.winter.bundle.digest)}"}}'
        return [float(each["value"][1]) for each in self.prometheus.query(f"sevenfold:feature_drifted{label}")]

    def alerts(self, model: str) -> set[str]:
        firing = self.prometheus.query(f'ALERTS{{alertstate="firing", model="{self.plans[model].name}"}}')
        return {each["metric"]["alertname"] for each in firing if "Drift" in each["metric"]["alertname"]}


@pytest.fixture
def world(team: Any, kubeflow: Any, node: str, winter: Winter, tmp_path: Path) -> Iterator[World]:
    mark = secrets.token_hex(3)
    images = json.loads(kubeflow.images.read_text())["images"]
    named = json.dumps({stage: images[stage] for stage in ("prepare", "train", "serve", "control")})
    tables = {"quiet": winter.flights.later, "moved": winter.flights.later, "spoilt": winter.flights.spoilt}
    root = f"{BUCKET}/{mark}"
    files = {}
    for model, table in tables.items():
        addresses = [f"s3://{root}/{each}.csv" for each in ("base", model)]
        for address, rows in zip(addresses, (winter.flights.base, table), strict=True):
            with team.store.open_output_stream(address.removeprefix("s3://")) as stream:
                stream.write(rows.write_csv().encode())
        files[model] = f"{model}.yaml"
        (tmp_path / files[model]).write_text(loop_plan(f"{model}-{mark}", *addresses, images=named))
    shutil.copy(EXAMPLE / "recipe.json", tmp_path)
    plans = {model: load_plan(tmp_path / name) for model, name in files.items()}
    behind = urlsplit(os.environ["KF_PIPELINES_ENDPOINT"])
    with ExitStack() as there:
        there.callback(team.store.delete_dir, root)
        for plan in plans.values():
            there.callback(team.forget, plan.name)
        releases = serve(team, winter, plans, root)
        door = there.enter_context(Doorway(node, (str(behind.hostname), behind.port or 80)))
        given = (kubeflow, mark, tmp_path, list(files.values()), ["recipe.json"], door.address)
        pod = there.enter_context(receiver_pod(*given))
        monitor = tmp_path / "prometheus"
        monitor.mkdir()
        prometheus = OwnPrometheus(monitor, list(plans.values()), pod.address(pod.theirs, "alertmanager"))
        ends = [release.wait(600) for release in releases]
        assert [end.get("decision") for end in ends] == ["promote"] * len(plans), ends
        yield World(team, winter, plans, pod, prometheus, door)


def serve(team: Any, winter: Winter, plans: dict[str, Plan], root: str) -> list[Any]:
    """Begin to deploy the first model under every plan's name, as a run of the pipeline would have."""
    from pyarrow import fs

    for kind, task in KINDS.items():
        folder = winter.run.artifact(task, kind)
        fs.copy_files(str(folder), f"{root}/task/1/{kind}", fs.LocalFileSystem(), team.store)
    version = SimpleNamespace(root=root, **{kind: f"task/1/{kind}" for kind in KINDS})
    return [team.release(plan.name, version, section=WARM) for plan in plans.values()]


@pytest.mark.soak
def test_each_thing_that_happens_is_decided_rightly(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """One story, since its runs of Kubeflow go on at the same time."""
    began = time.monotonic()
    with ExitStack() as there:
        watching = there.enter_context(ExitStack())
        watching.enter_context(world.prometheus)
        users = {"quiet": there.enter_context(world.users("quiet", world.winter.quiet))}
        noise_and_outages_of_those_who_watch_start_nothing(world, watching)
        while_kubeflow_is_away_a_decision_is_kept(world, there, users)
        there_is_one_run_each_once_it_is_back(world)
        spoilt_rows_are_refused_and_the_old_model_stays(world)
        a_better_model_is_promoted(world)
        assert world.decided("quiet") == [] and world.runs("quiet") == []
        assert {model: load.lost for model, load in users.items()} == dict.fromkeys(users, 0), [
            failure for load in users.values() for failure in load.failures[:3]
        ]
        sent = sum(load.sent for load in users.values())
    with capsys.disabled():
        print(f"\n  the loop in {time.monotonic() - began:.0f} s, 0 of {sent} requests lost")  # noqa: T201


def noise_and_outages_of_those_who_watch_start_nothing(world: World, watching: ExitStack) -> None:
    wanted = len(world.winter.bundle.reference().features)
    world.pod.until(lambda: len(world.verdicts("quiet")) == wanted)
    watching.close()
    world.pod.kubectl("delete", "pod", "-l", "app.kubernetes.io/name=alertmanager", namespace=world.pod.theirs)
    time.sleep(10)
    watching.enter_context(world.prometheus)
    world.pod.until(lambda: len(world.verdicts("quiet")) == wanted)
    assert set(world.verdicts("quiet")) == {0.0}
    assert world.alerts("quiet") == set()
    assert [world.decided(model) for model in world.plans] == [[], [], []]


def while_kubeflow_is_away_a_decision_is_kept(world: World, there: ExitStack, users: dict[str, Any]) -> None:
    with world.kubeflow.shut():
        for model in ("moved", "spoilt"):
            users[model] = there.enter_context(world.users(model, world.winter.moved))
        world.pod.until(lambda: all(world.decided(model) for model in users if model != "quiet"), 180)
        before = world.kubeflow.refused
        world.pod.until(lambda: world.kubeflow.refused > before, 60)
        for model in ("moved", "spoilt"):
            assert world.decided(model)[0] == ("start", "cause")
            assert world.runs(model) == []


def there_is_one_run_each_once_it_is_back(world: World) -> None:
    for model in ("moved", "spoilt"):
        world.pod.until(lambda model=model: world.runs(model), 300, 2)


def spoilt_rows_are_refused_and_the_old_model_stays(world: World) -> None:
    world.pod.until(lambda: ("page", "not_promoted") in world.decided("spoilt"), RUN_SECONDS, 2)
    assert world.serving("spoilt") == world.winter.bundle.digest
    once_for_all(world, "spoilt")


def a_better_model_is_promoted(world: World) -> None:
    world.pod.until(lambda: ("note", "promoted") in world.decided("moved"), RUN_SECONDS, 2)
    assert world.serving("moved") != world.winter.bundle.digest
    once_for_all(world, "moved")


def once_for_all(world: World, model: str) -> None:
    """However long the drift went on, it had one run."""
    assert len(world.runs(model)) == 1
    assert world.decided(model).count(("start", "cause")) == 1
