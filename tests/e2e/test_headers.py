"""Headers by allow-list, both ways; ids that clients choose are keys to nothing."""

import pytest

from weir_harness.tenant import VENDOR_KEY, Tenant
from weir_harness.upstream import chat_body
from weir_harness.wire import CHAT, REQUEST_ID

CLIENT = {
    "Cookie": "session=client-cookie", "Proxy-Authorization": "Basic client-proxy",
    "OpenAI-Organization": "client-org", "OpenAI-Project": "client-project",
    "X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "Via": "1.1 client-via",
    "X-Custom": "client-custom", "TE": "trailers", "Connection": "keep-alive, X-Hop",
    "X-Hop": "client-hop", "Keep-Alive": "timeout=9", "Upgrade": "client-upgrade",
    "User-Agent": "client-agent/1", "Referer": "http://client-referer/", "Range": "bytes=0-1",
    "Idempotency-Key": "client-key", "X-Request-Id": "client-request-id",
    "X-Stainless-Lang": "client-lang", "If-None-Match": "client-etag",
}
FORWARDED = {"accept": "application/json", "openai-beta": "assistants=v2",
             "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}


def test_what_goes_up_is_on_a_list(tenant, mock):
    assert tenant.chat(headers={**CLIENT, **FORWARDED}).status == 200
    up = mock.headers()
    for name, value in FORWARDED.items():
        assert up[name] == value
    allowed = {"host", "authorization", "content-type", "content-length", "accept-encoding",
               "x-request-id", "connection", "user-agent", *FORWARDED}
    assert set(up) <= allowed, set(up) - allowed
    assert "client" not in str(up)
    assert up["authorization"] == f"Bearer {VENDOR_KEY}"


@pytest.mark.parametrize("place", ["X-API-Key", "api-key", "api_key", "apikey", "x-goog-api-key"])
def test_no_credential_of_the_client_goes_up(tenant, mock, place):
    headers = {place: tenant.secret}
    assert tenant.gateway.http.post(CHAT, chat_body("hi"), headers).status == 200
    last = mock.last()
    assert tenant.secret not in str(last)
    assert [value for name, value in last["headers"] if name.lower() == "authorization"] == [
        f"Bearer {VENDOR_KEY}"]


def test_the_providers_credential_goes_where_it_wants_it(new_tenant, mock):
    tenant = new_tenant(provider={"auth_header": "api-key", "auth_value": "vendors-own-value"})
    tenant.chat(headers={"X-API-Key": tenant.secret})
    up = mock.headers()
    assert up["api-key"] == "vendors-own-value" and "authorization" not in up


def test_a_provider_without_a_credential_gets_none(new_tenant, mock):
    tenant = new_tenant(provider={"auth_value": ""})
    assert tenant.chat().status == 200
    assert "authorization" not in mock.headers()


@pytest.mark.parametrize("stream", [False, True])
def test_what_comes_down_is_on_a_list(tenant, mock, stream):
    mock.behave(extra_headers={
        "Set-Cookie": ["a=1", "b=2"], "openai-organization": "vendor-org",
        "x-ratelimit-limit-tokens": "12345", "x-ratelimit-remaining-tokens": "1",
        "Server": "vendor-server", "X-Custom": "vendor-custom", "Via": "1.1 vendor",
        "x-request-id": "vendor-request-id", "Access-Control-Allow-Origin": "*",
        "Strict-Transport-Security": "max-age=1", "openai-processing-ms": "17"})
    if stream:
        answer = tenant.stream()
        answer.rest()
    else:
        answer = tenant.chat()
    names = {name.lower() for name in answer.headers}
    allowed = {"content-type", "content-length", "transfer-encoding", "connection", "date",
               "server", "x-request-id", "cache-control", "x-accel-buffering",
               "openai-processing-ms", "vary"}
    assert names <= allowed, names - allowed
    assert "vendor" not in str(answer.headers)
    assert answer.headers["openai-processing-ms"] == "17"


def test_an_error_of_the_provider_brings_no_cookie_either(tenant, mock):
    mock.behave(status=400, extra_headers={"Set-Cookie": "a=1"})
    assert tenant.chat().headers["Set-Cookie"] is None


def test_a_request_id_is_minted_for_every_answer(tenant, mock):
    answers = [tenant.chat(), tenant.chat(model="unknown"), tenant.get("/v1/models"),
               tenant.get("/nothing"), tenant.chat(key="wrong"), tenant.embed(),
               tenant.post(CHAT, [])]
    ids = [answer.request_id for answer in answers]
    stream = tenant.stream()
    stream.rest()
    ids.append(stream.headers["x-request-id"])
    assert all(REQUEST_ID.fullmatch(each) for each in ids) and len(set(ids)) == len(ids)
    assert mock.headers()["x-request-id"] == ids[-1]


@pytest.mark.parametrize("name", ["X-Request-Id", "X-Client-Request-Id", "Idempotency-Key"])
def test_the_same_id_of_a_client_twice_is_billed_twice(tenant, mock, name):
    headers = {name: "0123456789abcdef0123456789abcdef"}
    first, second = tenant.chat(headers=headers), tenant.chat(headers=headers)
    assert (first.status, second.status) == (200, 200)
    assert len({first.request_id, second.request_id, headers[name]}) == 3
    assert mock.ledger()["requests"] == 2
    spent = tenant.settled(2)
    assert (spent.requests, spent.total) == (2, 60)


def test_a_minted_id_sent_back_is_no_key_either(tenant):
    first = tenant.chat()
    again = tenant.chat(headers={"X-Request-Id": first.request_id})
    assert again.request_id != first.request_id
    assert tenant.settled(2).total == 60


def test_ids_of_clients_are_bounded_in_the_log(own_gateway, mock):
    gateway = own_gateway()
    tenant = Tenant(gateway, mock)
    tenant.chat(headers={"X-Request-Id": 'a"b{c}<d>' + "e" * 500})
    gateway.stop()
    logged = gateway.log("request.done")[-1]["client_request_id"]
    assert logged == ("abcd" + "e" * 500)[:len(logged)] and 4 < len(logged) <= 128
