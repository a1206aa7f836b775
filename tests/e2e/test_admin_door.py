"""The admin door: the admin services in JSON for curl and browsers, and nobody tricked into it."""

import subprocess
import time

import pytest

from weir_harness import settings
from weir_harness.door import DoorProcess, running_door
from weir_harness.gateway import free_ports
from weir_harness.tenant import IDENTITY, QUOTA, VENDOR_KEY, unique
from weir_harness.waiting import eventually

ROUTING = "weir.routing.v1.RoutingAdminService/"
CONSOLE = "https://console.example.com"


@pytest.fixture(scope="module")
def door(shared_gateway, tmp_path_factory):
    if settings.is_external():
        found = running_door() or pytest.skip("WEIR_DOOR_URL names no door")
        yield found
        return
    process = DoorProcess(tmp_path_factory.mktemp("door"), free_ports(2),
                          shared_gateway.admin_address, shared_gateway.admin.token,
                          origins=[CONSOLE])
    yield process
    assert process.stop() == 0


def check_refusal(reply, status, code):
    """That an answer is an error of the Connect protocol; returns its message."""
    assert reply.status == status, reply
    assert reply.headers["Content-Type"] == "application/json", reply
    error = reply.json()
    assert error["code"] == code, reply
    return error["message"]


def test_curl_can_do_what_an_operator_does(door, tenant):
    made = door.call(IDENTITY + "CreateKey", {"organization": tenant.name, "name": "by-door"})
    assert made["key"]["name"] == "by-door"
    eventually(lambda: tenant.chat(key=made["secret"]).status == 200, what="the new key")
    keys = door.call(IDENTITY + "ListKeys", {"organization": tenant.name})["keys"]
    assert "by-door" in [each["name"] for each in keys]
    assert made["secret"] not in str(keys)


def test_every_service_is_behind_it(door, tenant):
    door.call(QUOTA + "PutLimit", {"limit": {
        "organization": tenant.name, "name": "calls", "level": "LEVEL_KEY", "subject": "app",
        "unit": "UNIT_REQUESTS", "count": "1000", "fixedWindow": {"period": "60s"}}})
    limits = door.call(QUOTA + "ListLimits", {"organization": tenant.name})["limits"]
    assert [each["count"] for each in limits] == ["1000"]
    providers = door.call(ROUTING + "ListProviders", {"organization": tenant.name})["providers"]
    assert providers[0]["name"] == "vendor" and providers[0]["hasAuthValue"]
    assert VENDOR_KEY not in str(providers)
    for method, policies in (("weir.guardrails.v1.GuardrailsAdminService/{}GuardrailPolic{}",
                              {"rules": [{"name": "mail", "action": "mask",
                                          "entities": {"types": ["EMAIL"]}}]}),
                             ("weir.cache.v1.CacheAdminService/{}CachePolic{}", {"ttl": "60s"})):
        door.call(method.format("Put", "y"), {"policy": {
            "organization": tenant.name, "name": "ours", **policies}})
        found = door.call(method.format("List", "ies"), {"organization": tenant.name})["policies"]
        assert [each["name"] for each in found] == ["ours"]


def test_nobody_comes_in_without_a_token(door, gateway):
    for method in gateway.admin.methods():
        path = f"{method.containing_service.full_name}/{method.name}"
        check_refusal(door.post(path, headers={"Authorization": None}), 401, "unauthenticated")
        check_refusal(door.post(path, token="wa_nonsense"), 401, "unauthenticated")
        check_refusal(door.post(path, headers={"Authorization": "Basic d2VpcjpwYXNz"}), 401,
                      "unauthenticated")


def test_a_token_may_do_there_what_it_may_do_anywhere(door, gateway, tenant):
    viewer = gateway.admin.call(IDENTITY + "CreateAdminToken", {
        "name": unique("token"), "role": "ROLE_VIEWER", "organization": tenant.name}).secret
    assert door.post(IDENTITY + "ListKeys", {"organization": tenant.name},
                     token=viewer).status == 200
    check_refusal(door.post(IDENTITY + "CreateKey", {"organization": tenant.name, "name": "x"},
                            token=viewer), 403, "permission_denied")
    check_refusal(door.post(IDENTITY + "ListKeys", {"organization": "default"}, token=viewer),
                  403, "permission_denied")


def test_bad_fields_are_named(door, tenant):
    reply = door.post(QUOTA + "PutLimit", {"limit": {
        "organization": tenant.name, "name": "Bad Name", "level": "LEVEL_KEY",
        "unit": "UNIT_REQUESTS", "count": "-1"}})
    check_refusal(reply, 400, "invalid_argument")
    detail = reply.json()["details"][0]
    assert detail["type"] == "weir.common.v1.BadFields" and detail["value"]
    paths = [each["path"] for each in detail["debug"]["fields"]]
    assert "limit.name" in paths and "limit.count" in paths


@pytest.mark.parametrize("body, named", [
    ('{"organisation": "acme"}', "organisation"), ('{"pageSize": "many"}', "page_size"),
    ("", "object"), ("[]", "object"), ("{", "JSON"), (b'{"organization": "\xff"}', "JSON")])
def test_a_body_that_is_not_the_methods_is_refused(door, body, named):
    assert named in check_refusal(door.post(IDENTITY + "ListKeys", body), 400, "invalid_argument")


def test_a_body_has_a_bound(door):
    body = '{"organization": "' + "x" * (1 << 20) + '"}'
    reply = door.post(IDENTITY + "ListKeys", body)
    check_refusal(reply, 413, "out_of_range")


@pytest.mark.parametrize("path", ["x", "weir.identity.v1.IdentityAdminService/NoSuch",
                                  "weir.identity.v1.IdentityService/Authenticate",
                                  "grpc.health.v1.Health/Check", IDENTITY + "ListKeys/"])
def test_what_is_no_admin_method_is_not_there(door, path):
    check_refusal(door.post(path), 404, "unimplemented")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_posts_are_calls(door, method):
    reply = door.http.request(method, f"/{IDENTITY}ListKeys", None, {})
    check_refusal(reply, 405, "unimplemented")
    assert reply.headers["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded",
                                          "multipart/form-data; boundary=x", "application/proto"])
def test_what_a_form_can_send_is_no_call(door, tenant, content_type):
    reply = door.post(IDENTITY + "CreateKey", {"organization": tenant.name, "name": "forged"},
                      {"Content-Type": content_type})
    check_refusal(reply, 415, "unimplemented")
    keys = door.call(IDENTITY + "ListKeys", {"organization": tenant.name})["keys"]
    assert "forged" not in [each["name"] for each in keys]


def test_pages_of_other_sites_are_refused(door):
    for origin in ("https://evil.example", "null", f"http://{door.host}.evil.example"):
        reply = door.post(IDENTITY + "ListKeys", headers={"Origin": origin})
        check_refusal(reply, 403, "permission_denied")
        assert "Access-Control-Allow-Origin" not in reply.headers
    own = door.post(IDENTITY + "ListOrganizations", headers={"Origin": f"http://{door.host}"})
    assert own.status == 200


def test_a_listed_page_may_call(door):
    if settings.is_external():
        pytest.skip("the door's own list is not known")
    preflight = door.http.request("OPTIONS", f"/{IDENTITY}ListKeys", None, {
        "Origin": CONSOLE, "Access-Control-Request-Method": "POST"})
    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == CONSOLE
    assert "authorization" in preflight.headers["Access-Control-Allow-Headers"]
    reply = door.post(IDENTITY + "ListOrganizations", headers={"Origin": CONSOLE})
    assert reply.status == 200 and reply.headers["Access-Control-Allow-Origin"] == CONSOLE


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1"])
def test_a_name_that_only_leads_there_is_refused(door, host):
    """DNS rebinding: a page's own name resolves to this machine."""
    reply = door.post(IDENTITY + "ListKeys", headers={"Host": host})
    check_refusal(reply, 421, "failed_precondition")


@pytest.mark.parametrize("headers, status, code", [
    ({"Connect-Protocol-Version": "2"}, 400, "invalid_argument"),
    ({"Connect-Timeout-Ms": "soon"}, 400, "invalid_argument"),
    ({"Connect-Timeout-Ms": "0"}, 504, "deadline_exceeded"),
    ({"Content-Encoding": "gzip"}, 415, "unimplemented")])
def test_the_protocols_headers_are_obeyed(door, headers, status, code):
    check_refusal(door.post(IDENTITY + "ListOrganizations", headers=headers), status, code)


def test_a_client_of_the_protocol_is_understood(door):
    reply = door.post(IDENTITY + "ListOrganizations", headers={
        "Connect-Protocol-Version": "1", "Connect-Timeout-Ms": "5000"})
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["Cache-Control"] == "no-store"


def test_its_readiness_follows_the_services(tmp_path, own_installation):
    gateway = own_installation()
    process = DoorProcess(tmp_path / "door", free_ports(2), gateway.admin_address,
                          gateway.admin.token)
    try:
        process.call(IDENTITY + "ListOrganizations")
        gateway.stop()
        deadline = time.monotonic() + settings.patience(10)
        while process.is_ready():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        said = process.ops.get("/readyz").body.decode()
        assert "identity does not answer" in said, said
        message = check_refusal(process.post(IDENTITY + "ListOrganizations"), 503, "unavailable")
        assert "127.0.0.1" not in message
        gateway.start()
        deadline = time.monotonic() + settings.patience(10)
        while not process.is_ready():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.call(IDENTITY + "ListOrganizations")
        assert gateway.admin.token not in process.output()
    finally:
        assert process.stop() == 0


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Two CAs' certificates, as a suite has them."""
    made = [tmp_path_factory.mktemp(name) for name in ("ours", "theirs")]
    for each in made:
        subprocess.run([settings.ROOT / "deploy/scripts/make_certificates.sh", each], check=True,
                       stdout=subprocess.DEVNULL)
    return made


@pytest.mark.standalone
def test_tls_on_both_sides(tmp_path, own_gateway, certificates):
    ours, theirs = certificates
    address = f"127.0.0.1:{free_ports(1)[0]}"
    files = {name: str(ours / f"admin/{name}.pem") for name in ("certificate", "key", "ca")}
    gateway = own_gateway(admin={"address": address, "tls": {
        name: str(ours / f"identity/{name}.pem") for name in ("certificate", "key")}})
    token = gateway.token_file.read_text().strip()
    for number, peer_tls in enumerate([files, {"ca": files["ca"]}]):
        process = DoorProcess(tmp_path / f"door{number}", free_ports(2), address, token, peer_tls,
                              tls={"self_signed": True})
        try:
            assert process.call(IDENTITY + "ListOrganizations")["organizations"]
        finally:
            assert process.stop() == 0

    strange = DoorProcess(tmp_path / "strange", free_ports(2), address, token,
                          {"ca": str(theirs / "admin/ca.pem")}, wait=False)
    try:
        check_refusal(strange.post(IDENTITY + "ListOrganizations"), 503, "unavailable")
        assert not strange.is_ready()
    finally:
        assert strange.stop() == 0


def test_the_suites_file_is_good():
    done = subprocess.run([settings.BIN_DIR / "weir-admin", "--check-config", "--config",
                           settings.ROOT / "deploy/config/suite/admin.yaml"],
                          capture_output=True, text=True, env=settings.gateway_environment(),
                          check=False)
    assert done.returncode == 0, done.stderr
    assert 'door.address = 0.0.0.0:8090' in done.stdout
