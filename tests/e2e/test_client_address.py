"""The client's address is the socket's, unless a trusted proxy says otherwise; it has a limit of its own."""

import pytest

from weir_harness.tenant import Tenant
from weir_harness.wire import check_error


def edge(burst=40, **more):
    """A bucket that practically never refills; one loop, so that there is one of it."""
    return {"loops": 1, "address_limit": {"requests_per_second": 0.01, "burst": burst}, **more}


def statuses(gateway, *forwarded, count=3):
    """Of calls that are refused cheaply, each with these X-Forwarded-For headers."""
    headers = {"X-Forwarded-For": ", ".join(forwarded)} if forwarded else {}
    return [gateway.http.get("/v1/models", headers).status for _ in range(count)]


@pytest.fixture
def exhaust():
    """Uses up the bucket of an address."""
    def run(gateway, *forwarded):
        while statuses(gateway, *forwarded, count=1) != [429]:
            pass
    return run


def test_SX_an_address_that_asks_too_much_is_limited_before_its_key(own_gateway, mock, exhaust):
    gateway = own_gateway(edge=edge())
    tenant = Tenant(gateway, mock)
    assert tenant.chat().status == 200
    exhaust(gateway)
    reply = tenant.chat()
    message = check_error(reply, 429, "rate_limit_exceeded")
    assert message.startswith("Rate limit exceeded") and int(reply.headers["Retry-After"]) >= 1
    assert mock.ledger()["requests"] == 1
    for path in ("/livez", "/readyz", "/healthz", "/metrics"):
        assert gateway.ops.get(path).status == 200  # Never limited.


def test_without_trusted_proxies_the_header_means_nothing(own_gateway, exhaust):
    gateway = own_gateway(edge=edge())
    exhaust(gateway)
    assert statuses(gateway, "203.0.113.1") == [429] * 3
    assert statuses(gateway, "203.0.113.2") == [429] * 3


def test_a_trusted_proxy_tells_the_address(own_gateway, exhaust):
    gateway = own_gateway(edge=edge(10, trusted_proxies=["127.0.0.0/8"]))
    exhaust(gateway, "203.0.113.1")
    assert statuses(gateway, "203.0.113.2") == [401] * 3
    # What stands left of the last untrusted address anybody may have written.
    assert statuses(gateway, "198.51.100.7", "203.0.113.1") == [429] * 3
    # A trusted proxy in the chain is passed over.
    assert statuses(gateway, "203.0.113.1", "127.0.0.5") == [429] * 3
    assert statuses(gateway) == [401] * 3


def test_the_log_has_the_address_that_counts(own_gateway):
    gateway = own_gateway(edge={"trusted_proxies": ["127.0.0.1/32"]})
    statuses(gateway, "203.0.113.77", count=1)
    statuses(gateway, "not-an-address", count=1)
    statuses(gateway, count=1)
    gateway.stop()
    assert [line["client"] for line in gateway.log("request.done")] == [
        "203.0.113.77", "127.0.0.1", "127.0.0.1"]
