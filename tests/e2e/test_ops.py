"""The ops listener: probes and metrics, apart from traffic."""

import re

import pytest

from weir_harness.waiting import eventually

SAMPLE = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{[^}]*\})? [-+0-9.eEInfNa]+( \d+)?')


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/health"])
def test_probes_are_answered_on_a_listener_of_their_own(gateway, path):
    assert gateway.ops.get(path).status == 200
    assert gateway.http.get(path).status == 404


def test_S3_1b_healthz_says_ok(gateway):
    assert "ok" in gateway.ops.get("/healthz").body.decode().lower()


def test_unknown_paths_and_methods_are_refused(gateway):
    assert gateway.ops.get("/nothing").status == 404
    assert gateway.ops.request("POST", "/livez", "x").status in (404, 405)
    assert gateway.ops.get("/v1/models").status == 404


def samples(gateway, name):
    """The values of a metric, by their labels as written."""
    lines = gateway.ops.get("/metrics").body.decode().splitlines()
    found = {}
    for line in lines:
        head, _, value = line.rpartition(" ")
        if head == name or head.startswith(name + "{"):
            found[head[len(name):]] = float(value)
    return found


def test_S3_1b_metrics_are_in_the_text_format(tenant):
    tenant.chat()
    reply = tenant.gateway.ops.get("/metrics")
    assert reply.status == 200 and reply.headers["Content-Type"].startswith("text/plain")
    lines = reply.body.decode().splitlines()
    assert lines
    for line in lines:
        assert line.startswith("# ") or SAMPLE.fullmatch(line), line
    names = {re.split(r"[{ ]", line)[0] for line in lines if line and not line.startswith("#")}
    ours = {name for name in names if name.startswith("weir_")}
    assert "weir_build_info" in ours
    assert {name for name in names - ours if not name.startswith("process_")} == set()


def test_S3_1b_metrics_move(tenant):
    def total(name):
        return sum(samples(tenant.gateway, name).values())
    requests, tokens = total("weir_requests_total"), total("weir_tokens_total")
    for _ in range(3):
        tenant.chat()
    tenant.settled(3)
    eventually(lambda: total("weir_requests_total") >= requests + 3, what="weir_requests_total")
    assert total("weir_tokens_total") - tokens == 90


def test_metrics_have_no_labels_from_outside(tenant):
    for model in ("label-canary-one", "label-canary-two"):
        tenant.chat(model=model, headers={"X-Request-Id": model, "User-Agent": model})
    assert "label-canary" not in tenant.gateway.ops.get("/metrics").body.decode()
    assert tenant.secret not in tenant.gateway.ops.get("/metrics").body.decode()


def test_probes_answer_while_the_gateway_is_busy(tenant, mock):
    mock.behave(mode="words", words=400)
    streams = [tenant.stream() for _ in range(8)]
    assert tenant.gateway.ops.get("/livez").status == 200
    for stream in streams:
        assert stream.rest()[-1] == "[DONE]"
