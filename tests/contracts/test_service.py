"""The service folder: both kinds are read back, and nothing else passes."""

import json
from pathlib import Path

import pytest

from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.manifest import seal
from sevenfold.contracts.service import (
    SERVICE_FILE,
    KServeService,
    LocalService,
    Service,
    open_service,
    open_service_of,
    read_unsealed_service,
    write_service,
)

LOCAL = LocalService(
    name="m",
    url="http://127.0.0.1:1",
    port=1,
    digest="sha256:0",
    pid=7,
    started="48213",
    log="/tmp/log",  # noqa: S108
)
KSERVE = KServeService(name="m", namespace="team", url="http://m", digest="sha256:0", workload="m-predictor")


@pytest.mark.parametrize("service", [LOCAL, KSERVE])
def test_what_was_written_is_read(service: Service, tmp_path: Path) -> None:
    write_service(service, tmp_path)
    seal(tmp_path, expected=(SERVICE_FILE,))
    assert open_service(tmp_path) == service
    assert open_service_of(type(service), tmp_path) == service


@pytest.mark.parametrize("change", [{"kind": "other"}, {"kind": None}, {"more": 1}, {"url": None}])
def test_an_unknown_service_is_refused(change: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / SERVICE_FILE).write_text(json.dumps({**KSERVE.model_dump(mode="json"), **change}))
    seal(tmp_path, expected=(SERVICE_FILE,))
    with pytest.raises(IntegrityError) as caught:
        open_service(tmp_path)
    assert caught.value.code == "unknown_format"


def test_the_other_kind_is_refused(tmp_path: Path) -> None:
    write_service(LOCAL, tmp_path)
    seal(tmp_path, expected=(SERVICE_FILE,))
    with pytest.raises(IntegrityError, match=r"must hold a kserve service\.json") as caught:
        open_service_of(KServeService, tmp_path)
    assert caught.value.code == "unknown_format"


def test_a_changed_folder_is_read_only_by_who_asks_for_no_seal(tmp_path: Path) -> None:
    write_service(LOCAL, tmp_path)
    seal(tmp_path, expected=(SERVICE_FILE,))
    write_service(LOCAL.model_copy(update={"port": 2}), tmp_path)
    with pytest.raises(IntegrityError) as caught:
        open_service_of(LocalService, tmp_path)
    assert caught.value.code == "digest_mismatch"
    assert read_unsealed_service(LocalService, tmp_path).port == 2
