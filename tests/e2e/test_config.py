"""The configuration file: every fault at once, and what only the dev profile may do."""

import subprocess

import pytest
import yaml

from weir_harness import settings
from weir_harness.upstream import chat_body
from weir_harness.waiting import eventually
from weir_harness.wire import CHAT, check_error


@pytest.fixture
def check(tmp_path):
    """Runs `weir --check-config` over a configuration."""
    if settings.is_external():
        pytest.skip("runs the binary")

    def run(configuration, **environment):
        path = tmp_path / "weir.yaml"
        path.write_text(yaml.safe_dump(configuration))
        return subprocess.run([settings.BIN_DIR / "weir", "--config", path, "--check-config"],
                              capture_output=True, text=True, check=False, env=environment,
                              timeout=settings.patience(10), cwd=tmp_path)
    return run


def good(tmp_path, **more):
    return {"data": str(tmp_path / "data"), "secrets": str(tmp_path / "secrets"),
            "listeners": [{"name": "plain", "address": "127.0.0.1:0"}], **more}


def test_a_good_configuration_passes(check, tmp_path):
    done = check(good(tmp_path))
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "data").exists(), "a check makes nothing"


def test_every_fault_is_listed_at_once(check, tmp_path):
    done = check(good(tmp_path, lsteners=[], quota={"hold_ttl": "2h"}, log={"level": "loud"},
                      edge={"drain": "soon", "loops": "many"}))
    assert done.returncode == 1
    for name in ("lsteners", "hold_ttl", "level", "drain", "loops"):
        assert name in done.stderr + done.stdout, name


def test_a_variable_overrides_a_key(check, tmp_path):
    done = check(good(tmp_path), WEIR_LOG_LEVEL="loud")
    assert done.returncode == 1 and "WEIR_LOG_LEVEL" in done.stderr + done.stdout
    assert check(good(tmp_path, log={"level": "loud"}), WEIR_LOG_LEVEL="debug").returncode == 0


@pytest.mark.parametrize("bold", [{"auth": {"mode": "open"}}], ids=["open"])
def test_SX_only_the_dev_profile_may_be_open(check, tmp_path, bold):
    refused = check(good(tmp_path, **bold))
    assert refused.returncode == 1 and "dev" in refused.stderr + refused.stdout
    assert check(good(tmp_path, profile="dev", **bold)).returncode == 0


def test_SX_the_dev_profile_listens_on_loopback_alone(check, tmp_path):
    wide = [{"name": "plain", "address": "0.0.0.0:0"}]
    done = check({**good(tmp_path, profile="dev"), "listeners": wide})
    assert done.returncode == 1 and "loopback" in (done.stderr + done.stdout).lower()
    assert check({**good(tmp_path), "listeners": wide}).returncode == 0


def test_in_open_mode_any_key_and_none_will_do(own_gateway, mock):
    gateway = own_gateway(auth={"mode": "open"}, documents=[
        {"kind": "Provider", "name": "vendor", "spec": {"baseUrl": mock.url}},
        {"kind": "Model", "name": "gpt-4o-mini",
         "spec": {"targets": [{"provider": "vendor"}]}}])
    for headers in ({}, {"X-Api-Key": "demo"}, {"Authorization": "Bearer anything"}):
        assert gateway.http.post(CHAT, chat_body("hi"), headers).status == 200

    def total():
        answer = gateway.admin.call("weir.quota.v1.QuotaAdminService/QueryUsage",
                                    {"organization": "default"})
        return sum(row.total_tokens for row in answer.rows)
    eventually(lambda: total() == 90, what="the ledger")
    assert "dev" in gateway.output()


def test_without_documents_nothing_is_served_and_nobody_let_in(own_gateway):
    gateway = own_gateway()
    check_error(gateway.http.get("/v1/models"), 401, "invalid_api_key")
    check_error(gateway.http.post(CHAT, chat_body("hi"), {"api-key": "some-key-some-key"}), 401,
                "invalid_api_key")


@pytest.mark.standalone
def test_two_processes_do_not_share_their_data(own_gateway):
    first = own_gateway()
    second = subprocess.run([settings.BIN_DIR / "weir", "--config", first.folder / "weir.yaml"],
                            capture_output=True, text=True, check=False,
                            timeout=settings.patience(10), env=settings.gateway_environment())
    assert second.returncode != 0
    assert "WEIR_" not in second.stderr, second.stderr
    first.check_alive()


@pytest.mark.standalone
def test_a_taken_port_is_named(own_gateway, mock):
    gateway = own_gateway(start=False)
    config = yaml.safe_load((gateway.folder / "weir.yaml").read_text())
    config["listeners"][0]["address"] = f"127.0.0.1:{mock.port}"
    (gateway.folder / "weir.yaml").write_text(yaml.safe_dump(config))
    done = subprocess.run([settings.BIN_DIR / "weir", "--config", gateway.folder / "weir.yaml"],
                          capture_output=True, text=True, check=False,
                          timeout=settings.patience(10), env=settings.gateway_environment())
    assert done.returncode != 0 and str(mock.port) in done.stdout + done.stderr
