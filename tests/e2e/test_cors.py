"""Browsers: allowed by a proxy's list of origins, and nowhere else."""

import pytest

from weir_harness.wire import CHAT

ORIGIN = "https://app.example"
STAINLESS = ["authorization", "content-type", "x-stainless-lang", "x-stainless-retry-count",
             "x-stainless-runtime-version", "x-stainless-timeout", "x-stainless-package-version"]


@pytest.fixture
def path(tenant):
    return tenant.proxy("browser", cors_origins=[ORIGIN], key_header="x-browser-key") + \
        "/chat/completions"


def preflight(tenant, path, origin=ORIGIN):
    return tenant.gateway.http.request("OPTIONS", path, headers={
        "Origin": origin, "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": ",".join(STAINLESS)})


def test_a_listed_origin_may_ask(tenant, path):
    reply = preflight(tenant, path)
    assert reply.status in (200, 204) and reply.body == b""
    headers = reply.headers
    assert headers["Access-Control-Allow-Origin"] == ORIGIN and "Origin" in headers["Vary"]
    assert "POST" in headers["Access-Control-Allow-Methods"]
    allowed = {name.strip().lower() for name in headers["Access-Control-Allow-Headers"].split(",")}
    assert {*STAINLESS, "x-browser-key"} <= allowed
    assert headers["Access-Control-Allow-Credentials"] is None


def test_answers_and_errors_can_be_read_by_a_listed_origin(tenant, path):
    stream = tenant.stream(path=path, headers={"Origin": ORIGIN})
    stream.rest()
    for answer in (tenant.chat(path=path, headers={"Origin": ORIGIN}), stream,
                   tenant.chat(path=path, key="wrong-key", headers={"Origin": ORIGIN})):
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN, answer.status
        exposed = answer.headers["Access-Control-Expose-Headers"].lower()
        assert "x-request-id" in exposed and "retry-after" in exposed


@pytest.mark.parametrize("origin", ["https://evil.example", "http://app.example",
                                    "https://app.example.evil", "https://app.example:8443", "null",
                                    "https://APP.example/"])
def test_another_origin_gets_nothing(tenant, path, origin):
    for reply in (preflight(tenant, path, origin),
                  tenant.chat(path=path, headers={"Origin": origin})):
        assert reply.headers["Access-Control-Allow-Origin"] is None
    assert preflight(tenant, path, origin).status >= 400


def test_it_is_off_unless_a_proxy_says_so(tenant):
    plain = tenant.proxy("plain") + "/chat/completions"
    for path in (CHAT, plain):
        assert preflight(tenant, path).headers["Access-Control-Allow-Origin"] is None
        reply = tenant.chat(path=path, headers={"Origin": ORIGIN})
        assert reply.status == 200 and reply.headers["Access-Control-Allow-Origin"] is None


def test_any_origin_where_the_proxy_says_so(tenant):
    path = tenant.proxy("open", cors_origins=["*"]) + "/chat/completions"
    for origin in (ORIGIN, "https://other.example"):
        assert preflight(tenant, path, origin).headers["Access-Control-Allow-Origin"] in (origin, "*")


def test_a_preflight_needs_no_key_and_spends_nothing(tenant, path, mock):
    tenant.limit("calls", 1, "UNIT_REQUESTS")
    for _ in range(3):
        assert preflight(tenant, path).status < 300
    assert tenant.chat(path=path).status == 200
    assert mock.ledger()["requests"] == 1
