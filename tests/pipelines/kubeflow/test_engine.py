from pathlib import Path
from typing import NoReturn

import pytest

from sevenfold.contracts.errors import PolicyError, TemporaryError
from sevenfold.pipelines.kubeflow.engine import Engine
from sevenfold.pipelines.kubeflow.login import Login
from sevenfold.pipelines.kubeflow.schedules import Schedule, list_schedules, remove_schedule, start_schedule


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "pipeline.yaml"
    path.write_text("pipelineInfo: {name: demo}\n")
    return path


def test_the_same_content_is_registered_once(kubeflow, package: Path) -> None:
    engine = Engine(kubeflow.url)
    first, again = engine.register("demo", "demo-1", package), engine.register("demo", "demo-1", package)
    assert (first.fresh, again.fresh) == (True, False)
    assert (first.pipeline, first.version) == (again.pipeline, again.version)
    other = engine.register("demo", "demo-2", package)
    assert other.fresh
    assert other.pipeline == first.pipeline
    assert (len(kubeflow.pipelines), len(kubeflow.versions), len(kubeflow.uploads)) == (1, 2, 2)


def test_a_run_gets_what_it_was_given(kubeflow, package: Path) -> None:
    engine = Engine(kubeflow.url)
    run = engine.start(engine.register("demo", "demo-1", package), "title", "demo", {"trials": 3}, "runner")
    [made] = kubeflow.runs
    assert made["run_id"] == run
    assert made["runtime_config"] == {"parameters": {"trials": 3}}
    assert (made["service_account"], made["display_name"]) == ("runner", "title")
    assert made["pipeline_version_reference"] == {"pipeline_id": "p0", "pipeline_version_id": "v0"}


def test_an_endpoint_that_restarts_loses_nothing(kubeflow, package: Path) -> None:
    pauses: list[float] = []
    engine = Engine(kubeflow.url, sleep=pauses.append)
    kubeflow.faults = 3
    assert engine.register("demo", "demo-1", package).fresh
    assert len(pauses) == 3


def test_patience_ends(kubeflow, package: Path) -> None:
    pauses: list[float] = []
    engine = Engine(kubeflow.url, sleep=pauses.append)
    kubeflow.faults = 10_000
    with pytest.raises(TemporaryError, match="status 503"):
        engine.register("demo", "demo-1", package)
    assert 500 < sum(pauses) <= 600


def test_a_wrong_endpoint_is_known_at_once() -> None:
    pauses: list[float] = []
    with pytest.raises(TemporaryError, match="must answer as Kubeflow Pipelines does"):
        Engine("http://127.0.0.1:9", sleep=pauses.append)
    assert not pauses


def test_where_no_endpoint_is_found_one_is_asked_for() -> None:
    class Nowhere(Login):
        def client(self, endpoint: str, namespace: str) -> NoReturn:
            raise OSError

    with pytest.raises(TemporaryError, match=r"No endpoint is given, and .+ Name it with --endpoint, or in KF_PIPE"):
        Engine("", login=Nowhere())


def test_what_the_server_refuses_is_not_tried_again(kubeflow, package: Path) -> None:
    pauses: list[float] = []
    engine = Engine(kubeflow.url, sleep=pauses.append)
    with pytest.raises(PolicyError, match="status 404: nothing at GET"):
        engine.run("unknown")
    assert not pauses


def test_a_plan_has_one_schedule(kubeflow, package: Path) -> None:
    engine = Engine(kubeflow.url)
    made = engine.register("demo", "demo-1", package)
    start_schedule(engine, made, Schedule("other", every=60), "demo", {}, "")
    assert start_schedule(engine, made, Schedule("demo", every=3600), "demo", {"trials": 2}, "runner") == ("s1", 0)
    assert start_schedule(engine, made, Schedule("demo", cron="30 2 * * 1"), "demo", {"trials": 3}, "runner") == (
        "s2",
        1,
    )
    assert [known["display_name"] for known in kubeflow.schedules] == ["other", "demo"]
    first, last = kubeflow.made_schedules[1:]
    assert first["trigger"] == {"periodic_schedule": {"interval_second": "3600"}}
    assert last["trigger"] == {"cron_schedule": {"cron": "0 30 2 * * 1"}}
    assert last["runtime_config"] == {"parameters": {"trials": 3}}
    assert (last["mode"], last["max_concurrency"], last["no_catchup"]) == ("ENABLE", "1", True)
    kubeflow.runs.append({"run_id": "r", "recurring_run_id": "s2", "state": "RUNNING"})
    assert not remove_schedule(engine, "s2"), "Kubernetes would take the run's pods away with it"
    assert [known.status for known in list_schedules(engine)] == ["ENABLED", "DISABLED"]
    kubeflow.runs[0]["state"] = "FAILED"
    assert remove_schedule(engine, "s2")
    assert [known.display_name for known in list_schedules(engine)] == ["other"]


def test_a_run_that_goes_on_is_known_however_many_came_after_it(kubeflow, package: Path) -> None:
    engine = Engine(kubeflow.url)
    made = engine.register("demo", "demo-1", package)
    start_schedule(engine, made, Schedule("demo", every=60), "demo", {}, "")
    kubeflow.runs.append({"run_id": "old", "recurring_run_id": "s0", "state": "RUNNING"})
    kubeflow.runs += [{"run_id": f"r{number}", "state": "RUNNING"} for number in range(450)]
    assert not remove_schedule(engine, "s0"), "Kubernetes would take the run's pods away with it"
    kubeflow.runs[0]["state"] = "SUCCEEDED"
    assert remove_schedule(engine, "s0")


@pytest.mark.parametrize(
    ("login", "name", "value"),
    [
        (Login(token="a-token"), "authorization", "Bearer a-token"),  # noqa: S106 — planted
        (Login(cookie="authservice_session=x"), "Cookie", "authservice_session=x"),
    ],
)
def test_a_login_goes_with_every_question(kubeflow, login: Login, name: str, value: str) -> None:
    engine = Engine(kubeflow.url, "team", login)
    list_schedules(engine)
    assert kubeflow.headers
    assert {headers.get(name) for headers in kubeflow.headers} == {value}
    assert engine.namespace == "team"
    assert value.split()[-1] not in repr(login)


@pytest.mark.parametrize(
    ("status", "text", "code"),
    [
        (200, "<html>Log in</html>", "login_page"),
        (200, "[]", "login_page"),
        (401, '{"error": "Request header error: there is no user identity header."}', "endpoint_refused"),
        (403, '{"error": "User is not authorized"}', "endpoint_refused"),
    ],
)
def test_who_is_not_let_in_is_told_how_to_log_in(kubeflow, status: int, text: str, code: str) -> None:
    kubeflow.page = (status, text)
    with pytest.raises(PolicyError) as caught:
        Engine(kubeflow.url, "team")
    assert caught.value.code == code
    assert "KF_PIPELINES_TOKEN" in caught.value.remedy


def test_several_users_want_a_namespace(kubeflow) -> None:
    kubeflow.page = (400, '{"error": "Invalid input error: In multi-user mode, namespace is empty"}')
    with pytest.raises(PolicyError, match="namespace is empty") as caught:
        Engine(kubeflow.url)
    assert len(kubeflow.headers) == 1, "kfp's own client asks five times, with pauses"
    assert "--namespace" in caught.value.remedy


def test_a_pod_asks_as_its_account(kubeflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("of-the-account")
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(tmp_path / "token"))
    list_schedules(Engine(kubeflow.url))
    assert {headers.get("authorization") for headers in kubeflow.headers} == {"Bearer of-the-account"}
