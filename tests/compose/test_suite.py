"""compose.yaml as it is: everything comes up healthy, answers, scales, and is as closed as docs/ say."""

import json
import re
import signal
import subprocess
import urllib.error
import urllib.request

import pytest

from suite_harness.compose import ROOT, command, run
from suite_harness.installation import ADMIN
from suite_harness.load import Load

pytestmark = pytest.mark.timeout(600)  # Starts and stops of a dozen containers.

SERVICES = ["edge", "identity", "quota", "routing", "guardrails", "cache", "admin"]
ONE_SHOTS = {"init", "demo-apply", "demo"}
# service: its port of the hot API.
HOT = {"identity": 9101, "quota": 9102, "routing": 9103, "guardrails": 9104, "cache": 9105}


def ask(suite, key, headers=None):
    """The README's curl, by hand."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{suite.port}/v1/chat/completions", data=Load.BODY,
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json",
                 **(headers or {})})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def test_C_3_every_process_is_healthy_and_one_shots_are_done(suite):
    states = {each.service: each.state for each in suite.containers()}
    assert {name for name, state in states.items() if state == "done"} == ONE_SHOTS
    running = {name for name, state in states.items() if state == "healthy"}
    assert running == {*SERVICES, "haproxy", "postgres", "redis", "mock"}


def test_C_3_the_demo_answers(suite, demo_key):
    assert ask(suite, demo_key)["choices"][0]["message"]["content"]


def test_C_3_the_demo_says_how_to_ask(suite):
    said = suite.container("demo").logs()
    assert f"curl http://127.0.0.1:{suite.port}/v1/chat/completions" in said
    key = suite.secret("demo", "secrets/demo_key")
    assert run(*command(), "-p", suite.project, "run", "--rm", "--no-deps", "-T", "demo-key",
               cwd=ROOT, env=suite.environment).strip() == key
    assert key not in said


def test_the_admin_door_is_for_who_has_a_token(suite):
    def status(token):
        request = urllib.request.Request(
            f"http://127.0.0.1:{suite.admin_port}/weir.identity.v1.IdentityAdminService/ListKeys",
            data=b'{"organization": "default"}',
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as refused:
            return refused.code
    token = suite.secret("operator", "admin.token")
    assert (status(token), status(token[:-1])) == (200, 401)


def documented_ports():
    """{service: {port}} of the table in docs/operations.md."""
    table = (ROOT / "docs/operations.md").read_text().split("## Ports of the suite")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([\w-]+)` \| ([^|]*) \|", table, re.MULTILINE)
    return {name: {int(port) for port in re.findall(r"\d+", ports)} for name, ports in rows}


def test_every_port_that_listens_is_documented(suite):
    documented = documented_ports()
    for container in suite.containers():
        if container.state == "done":
            continue
        listening = {int(line.split()[3].rsplit(":", 1)[1])
                     for line in container.in_network("ss", "-ltnH").splitlines()
                     if not line.split()[3].startswith("127.0.0.11:")}  # The engine's DNS.
        assert listening == documented[container.service], container.service


def test_containers_have_no_rights_and_bounds(suite):
    for container in suite.containers():
        host = container.details["HostConfig"]
        name = container.service
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert "no-new-privileges:true" in host["SecurityOpt"], name
        assert host["Memory"] > 0 and host["PidsLimit"] > 0, name
        assert not host["Privileged"] and not host["CapAdd"] or name == "init", name
        user = container.details["Config"]["User"]
        assert (user in ("", "0", "root")) == (name == "init"), f"{name} is '{user}'"


def test_containers_give_up_no_secret(suite):
    """Neither in what they said, nor in how they were started."""
    secrets = {name: path.read_text().strip() for name, path in suite.secret_files().items()
               if re.search(r"(password|pepper|master\.key|admin\.token|demo_key)$", name)}
    assert len(secrets) >= 10
    for container in suite.containers():
        shown = container.logs() + json.dumps(container.details)
        found = [name for name, secret in secrets.items() if secret in shown]
        assert found == [], container.service


def test_secrets_are_for_their_service_alone(suite):
    for name, path in suite.secret_files().items():
        status = path.stat()
        owner = {"postgres": 999, "redis": 999, "ca": 0}.get(name.split("/")[0], 10001)
        assert (status.st_uid, status.st_mode & 0o077) == (owner, 0), name
    for service in [*SERVICES, "haproxy", "mock"]:
        mounts = suite.container(service).details["Mounts"]
        assert all(not mount["RW"] or mount["Destination"] == "/var/lib/weir" for mount in mounts)
        assert not any(mount.get("Name", "").endswith("secrets-ca") for mount in mounts)


def test_another_up_makes_no_new_secret(suite):
    before = {name: path.read_bytes() for name, path in suite.secret_files().items()}
    suite.up()
    assert {name: path.read_bytes() for name, path in suite.secret_files().items()} == before


def tls_says(suite, address, *options):
    """Whether a handshake comes to its end, and the certificate is of the suite."""
    ca = str(suite.secret_files()["ca/ca.pem"])
    done = subprocess.run(
        ["timeout", "10", "openssl", "s_client", "-connect", address, "-CAfile", ca, "-alpn", "h2",
         "-verify_return_error", *options], capture_output=True, check=False, input=b"")
    return done.returncode == 0 and b"Verify return code: 0 (ok)" in done.stdout


@pytest.mark.parametrize("service", HOT)
def test_services_talk_to_no_one_without_a_certificate_of_the_suite(suite, service, tmp_path):
    address = f"{suite.container(service).address('mesh')}:{HOT[service]}"
    files = suite.secret_files()
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
        "-subj", "/CN=edge.weir", "-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "own.pem"))
    name = ["-verify_hostname", f"{service}.weir", "-tls1_2"]
    edge = ["-cert", str(files["edge/certificate.pem"]), "-key", str(files["edge/key.pem"])]
    assert tls_says(suite, address, *name, *edge)
    assert not tls_says(suite, address, *name)
    assert not tls_says(suite, address, *name, "-cert", str(tmp_path / "own.pem"), "-key", str(tmp_path / "key.pem"))


def test_admin_ports_speak_only_tls(suite):
    for service, port in ADMIN.items():
        address = f"{suite.container(service).address('mesh')}:{port}"
        assert tls_says(suite, address, "-verify_hostname", service)


def test_the_stores_are_out_of_reach_of_edges(suite):
    edge = suite.container("edge").details["NetworkSettings"]["Networks"]
    stores = {name for service in ("postgres", "redis")
              for name in suite.container(service).details["NetworkSettings"]["Networks"]}
    assert not stores & set(edge)
    for name in stores:
        assert json.loads(run("docker", "network", "inspect", name))[0]["Internal"]


@pytest.mark.parametrize("service", SERVICES)
def test_C_4_it_scales_under_load(suite, free_key, governed_key, service):
    with Load(suite.port, governed_key if service in ("guardrails", "cache") else free_key) as load:
        suite.scale(service, 3)
        suite.scale(service, 1)
    assert not load.failures, suite.logs_of(["haproxy", "edge", "quota", service])
    assert load.answers > 100


@pytest.mark.parametrize("service", [*SERVICES, "redis", "postgres"])
def test_who_is_killed_comes_back(suite, demo_key, service):
    killed = suite.container(service).pid
    run("kill", f"-{signal.SIGKILL.value}", str(killed))
    suite.settle(lambda: suite.container(service).pid not in (0, killed))
    # Who had it open comes back to it by itself, nobody is started again.
    assert suite.eventually(lambda: ask(suite, demo_key))["choices"]


def test_clients_do_not_choose_their_address(suite, demo_key):
    mine = "of-a-client-that-lies"
    ask(suite, demo_key, {"X-Forwarded-For": "203.0.113.7", "X-Request-Id": mine})
    logs = "".join(each.logs() for each in suite.containers("edge"))
    lines = [json.loads(line) for line in logs.splitlines() if '"request.done"' in line]
    client, = {line["client"] for line in lines if line.get("client_request_id") == mine}
    assert client not in ("203.0.113.7", suite.container("haproxy").address("front"))
