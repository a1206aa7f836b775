"""Keys, credentials and prompts are where they belong, and nowhere else."""

import base64
import pathlib
import signal

import grpc
import pytest

from weir_harness import settings
from weir_harness.tenant import IDENTITY, QUOTA, Tenant, unique
from weir_harness.waiting import eventually
from weir_harness.weirctl import Weirctl

KEY = "canary-caller-key-5f1e9a7730bd"
WRONG = "canary-wrong-key-08c2d61f44ae"
VENDOR = "canary-vendor-credential-91b7c3"
PROMPT = "canary prompt zebra quartz 7720"
CANARIES = (KEY, WRONG, VENDOR, PROMPT, PROMPT.split(" ", 1)[1])


def forms(secret):
    """How the bytes of a secret could show."""
    plain = secret.encode()
    return [plain, plain.hex().encode(), base64.b64encode(plain).rstrip(b"="),
            base64.b64encode(b"x" + plain)[4:-4], base64.b64encode(b"xx" + plain)[4:-4]]


def found_in(data):
    """The canaries in some bytes."""
    return [secret for secret in CANARIES for form in forms(secret) if form in data]


@pytest.fixture
def busy(own_gateway, mock):
    """A tenant that has done a bit of everything, with recognisable secrets."""
    gateway = own_gateway(log={"level": "debug"})
    tenant = Tenant(gateway, mock, provider={"auth_value": f"Bearer {VENDOR}"},
                    model={"suspend_duration": "0s"})
    tenant.canary = unique(KEY)  # Of one organisation alone, also where services know of others.
    tenant.put("Key", "canary", value=tenant.canary)
    tenant.limit("calls", 100, "UNIT_REQUESTS", subject="canary")
    return tenant


def run_busily(tenant, mock):
    """Calls of every kind; returns the answers that must not repeat a secret."""
    key = tenant.canary
    answers = [tenant.chat(PROMPT, key=key), tenant.embed(PROMPT, key=key),
               tenant.chat(PROMPT, key=WRONG), tenant.chat(PROMPT, key=key, model="unknown"),
               tenant.chat(PROMPT, key=key, max_tokens="many"),
               tenant.chat(PROMPT, key=key, headers={"X-API-Key": WRONG}),
               tenant.get("/v1/models", key), tenant.get("/v1/models?key=" + WRONG, key),
               tenant.post("/v1/chat/completions", [PROMPT], key),
               tenant.gateway.http.request("POST", "/v1/chat/completions", '{"a":"' + PROMPT,
                                           tenant.auth(key))]
    for behaviour in ({"status": 500}, {"status": 401}, {"status": 400},
                      {"drop_before_answer": True}, {"malformed_json": True}):
        mock.behave(**behaviour)
        answers.append(tenant.chat(PROMPT, key=key))
    mock.control("DELETE", "/behaviour")
    tenant.stream(PROMPT, key=key).rest()
    return answers


def cut_a_stream(tenant, mock):
    """An answer full of the prompt that the end of the process cuts off."""
    mock.behave(mode="echo", frame_delay_ms=50)
    stream = tenant.stream(f"{PROMPT} " * 40, key=tenant.canary)
    stream.read(20)
    tenant.gateway.stop(signal.SIGKILL)
    stream.close()


def test_no_secret_is_in_logs_metrics_data_or_answers(busy, mock):
    gateway = busy.gateway
    answers = run_busily(busy, mock)
    for answer in answers:
        assert found_in(answer.body + str(answer.headers).encode()) == [], answer
    assert found_in(gateway.ops.get("/metrics").body) == []
    cut_a_stream(busy, mock)
    files = [path for path in gateway.folder.rglob("*") if path.is_file()]
    assert any("data" in path.parts for path in files)
    for path in files:
        assert found_in(path.read_bytes()) == [], path
    assert gateway.log("request.done"), "the search looked at a log"
    gateway.start()
    eventually(lambda: busy.usage(), what="the ledger")
    for path in (pathlib.Path(gateway.folder) / "data").rglob("*"):
        assert not path.is_file() or found_in(path.read_bytes()) == [], path


def test_no_secret_is_in_what_operators_see(busy, mock, tmp_path):
    run_busily(busy, mock)
    ctl = Weirctl(busy.gateway)
    bad = tmp_path / "bad.yaml"
    bad.write_text(f"kind: Key\nname: x\nspec: {{value: {KEY}, scopes: 3}}\n---\n"
                   f"kind: Provider\nname: vendor\nspec: {{authValue: {VENDOR}, baseUrl: 7}}\n")
    of = ("--organization", busy.name)
    for output in ("table", "json"):
        for command in (["status", *of], ["keys", "list", "--all", *of], ["usage", *of],
                        ["usage", "--by", "key,model", *of], ["limits", "--key", "canary", *of],
                        ["apply", "-f", bad, *of], ["apply", "--dry-run", "-f", bad, *of],
                        ["call", "RoutingAdminService/ListProviders",
                         f'{{"organization":"{busy.name}"}}']):
            done = ctl.run("--output", output, *command)
            assert found_in((done.stdout + done.stderr).encode()) == [], (command, done)
    admin = busy.gateway.admin
    for method in (IDENTITY + "ListKeys", QUOTA + "ListLimits",
                   "weir.routing.v1.RoutingAdminService/ListProviders",
                   "weir.routing.v1.RoutingAdminService/GetHealth"):
        assert found_in(admin.call(method, {"organization": busy.name}).SerializeToString()) == []
    with pytest.raises(grpc.RpcError) as refused:
        busy.put("Key", "x", value=busy.canary + "\n")
    assert found_in(refused.value.details().encode()) == []


def test_a_stored_credential_is_not_given_back_but_kept(busy, mock):
    answer = busy.put("Provider", "vendor", base_url=mock.url, keep_auth_value=True)
    assert answer.provider.has_auth_value and answer.provider.auth_value == ""
    assert busy.chat(key=busy.canary).status == 200
    assert mock.headers()["authorization"] == f"Bearer {VENDOR}"


def test_files_with_secrets_are_for_their_owner_alone(busy):
    if settings.is_external():
        pytest.skip("looks at the folders of secrets")
    folder = busy.gateway.folder
    secrets = list(folder.glob("secrets*"))
    paths = [folder / "data", *secrets, busy.gateway.token_file,
             *(path for each in secrets for path in each.rglob("*"))]
    assert len(paths) > 4
    for path in paths:
        assert path.stat().st_mode & 0o077 == 0, path
