"""Addresses, and logins: against a real Prometheus that asks for one over TLS, and in the parts it cannot play."""

from __future__ import annotations

import base64
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.contracts.errors import MonitoringError, TemporaryError
from sevenfold.drift.prometheus import PrometheusClient
from sevenfold.runtime.environment import prometheus_login
from sevenfold.runtime.prometheus import PROMETHEUS_KEYS, PrometheusLogin, address_fault, shown_address

PASSWORD = "zq-known-to-the-test"  # noqa: S105 — made for this test
HASHED = "$2b$04$r/t0PqDihC6r32FPWj21Ju.cpRvOD6T/pH/hzrqIpKd0gFrZurDlu"  # bcrypt of it, four rounds
CONFIG = """
tls_server_config: {{cert_file: certificate.pem, key_file: key.pem}}
basic_auth_users: {{judge: {hashed}}}
"""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a Prometheus with TLS and a login, and its authority's certificate."""
    if not shutil.which("prometheus") or not shutil.which("openssl"):
        pytest.skip("prometheus or openssl is not installed (apt-get install prometheus openssl)")
    folder = tmp_path_factory.mktemp("guarded")
    made = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    files = ("-keyout", folder / "key.pem", "-out", folder / "certificate.pem", "-subj", "/CN=prometheus")
    command: list[Any] = ["openssl", *made, *files, "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True)
    (folder / "web.yml").write_text(CONFIG.format(hashed=HASHED))
    (folder / "prometheus.yml").write_text("global: {}\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    options = ("config.file=prometheus.yml", "storage.tsdb.path=data", "web.config.file=web.yml")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["prometheus", *(f"--{option}" for option in (*options, f"web.listen-address={address}"))],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        authority, url = (folder / "certificate.pem").read_text(), f"https://{address}"
        await_answer(PrometheusClient(url, login(authority)), process, folder / "log")
        yield url, authority
    finally:
        process.kill()
        process.wait()


def await_answer(client: PrometheusClient, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            client.now()
            return
        except TemporaryError:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)


def login(authority: str = "", password: str = PASSWORD) -> PrometheusLogin:
    return PrometheusLogin(username="judge", password=password, authority=authority)


def test_a_name_and_a_password_let_in(guarded: tuple[str, str]) -> None:
    url, authority = guarded
    # as kubectl makes a Secret from files that an editor wrote
    given = login(f"\n{authority}\n", f"{PASSWORD}\n")
    assert abs(PrometheusClient(url, given).now() - time.time()) < 60


@pytest.mark.parametrize("password", [None, "another", ""])
def test_who_is_not_let_in_reads_which_secret_to_mend(guarded: tuple[str, str], password: str | None) -> None:
    url, authority = guarded
    given = PrometheusLogin(authority=authority) if password is None else login(authority, password)
    with pytest.raises(MonitoringError, match="status 401") as caught:
        PrometheusClient(url, given).now()
    assert caught.value.code == "prometheus_refused"
    assert "secrets.prometheus" in caught.value.remedy
    assert "another" not in f"{caught.value} {caught.value.remedy}"


def test_a_certificate_of_nobody_known_is_no_fault_that_passes(guarded: tuple[str, str]) -> None:
    with pytest.raises(MonitoringError) as caught:
        PrometheusClient(guarded[0], login()).now()
    assert caught.value.code == "prometheus_untrusted"
    assert "PROMETHEUS_CA" in caught.value.remedy


def test_a_token_is_sent_alone() -> None:
    assert PrometheusLogin().header() == ""
    assert PrometheusLogin(token="abc.def\n", username="judge", password="secret").header() == "Bearer abc.def"  # noqa: S106 — made for this test


NAMES = st.text(min_size=1).map(str.strip).filter(lambda name: name and ":" not in name)


@given(name=NAMES, password=st.text().map(str.strip))
def test_any_name_and_password_are_read_back(name: str, password: str) -> None:
    scheme, _, pair = PrometheusLogin(username=name, password=password).header().partition(" ")
    assert (scheme, base64.b64decode(pair).decode()) == ("Basic", f"{name}:{password}")


@pytest.mark.parametrize("token", ["two\nlines", "two words\r\nX-Injected: 1", "schlüssel", "nul\0"])
def test_a_token_that_breaks_a_header_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(MonitoringError, match="PROMETHEUS_TOKEN") as caught:
        PrometheusLogin(token=token).header()
    assert caught.value.code == "bad_login"
    assert token not in str(caught.value)


def test_a_name_that_would_end_at_its_colon_is_refused() -> None:
    with pytest.raises(MonitoringError, match="PROMETHEUS_USERNAME"):
        PrometheusLogin(username="a:b", password="c").header()  # noqa: S106 — made for this test


@pytest.mark.parametrize(
    "authority", ["zq-no-certificate", "-----BEGIN CERTIFICATE-----\nzq\n-----END CERTIFICATE-----"]
)
def test_an_authority_that_is_no_certificate_is_refused_and_not_shown(authority: str) -> None:
    with pytest.raises(MonitoringError, match="PROMETHEUS_CA") as caught:
        PrometheusLogin(authority=authority).trust()
    assert caught.value.code == "bad_login"
    assert "zq" not in str(caught.value)


def test_certificates_are_checked_whatever_is_given() -> None:
    trust = PrometheusLogin().trust()
    assert trust.verify_mode is ssl.CERT_REQUIRED
    assert trust.check_hostname


def test_it_is_what_the_secret_gave_the_process_and_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in PROMETHEUS_KEYS:
        monkeypatch.setenv(key, f"value-of-{key}")
    login = prometheus_login()
    assert login.token == "value-of-PROMETHEUS_TOKEN"  # noqa: S105
    assert login.authority == "value-of-PROMETHEUS_CA"
    assert "value-of" not in repr(login)
    for key in PROMETHEUS_KEYS:
        monkeypatch.delenv(key)
    assert prometheus_login() == PrometheusLogin()


@pytest.mark.parametrize(
    "url",
    [
        "prometheus:9090",
        "file:///etc/passwd",
        "http://",
        "http://user:secret@host",
        "http://secret@host",
        "http://host/?key=secret",
        "http://host?secret",
        "http://host/#secret",
        "http://host:port",
        "http://ho st",
        "http://[::1",
        "",
    ],
)
def test_an_address_with_a_secret_or_without_a_host_is_refused_and_not_shown(url: str) -> None:
    assert address_fault(url)
    assert "secret" not in shown_address(url)
    with pytest.raises(MonitoringError) as caught:
        PrometheusClient(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://prometheus.a.svc:9090", "https://[::1]:9090/prom", "http://h"])
def test_a_plain_address_is_taken(url: str) -> None:
    assert address_fault(url) == ""
    assert shown_address(url) == url
