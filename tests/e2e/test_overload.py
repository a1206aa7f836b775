"""More than the gateway takes at a time is shed at once."""

import time

import pytest

from weir_harness.settings import patience
from weir_harness.tenant import Tenant
from weir_harness.waiting import at_once, eventually
from weir_harness.wire import check_error


@pytest.fixture
def small(own_gateway, mock):
    """A tenant on a gateway that takes two requests at a time, over both loops."""
    return Tenant(own_gateway(edge={"loops": 2, "max_concurrent_requests": 2}), mock)


def test_what_is_too_much_is_shed_at_once(small, mock):
    mock.behave(latency_ms=1500)
    began = time.monotonic()
    replies = at_once(20, lambda _: (small.chat(), time.monotonic() - began))
    good = [reply for reply, _ in replies if reply.status == 200]
    shed = [(reply, took) for reply, took in replies if reply.status != 200]
    assert 1 <= len(good) <= 2 and mock.ledger()["requests"] == len(good)
    for reply, took in shed:
        assert check_error(reply, 503, "server_is_overloaded") == "server overloaded"
        assert int(reply.headers["Retry-After"]) >= 1
        assert took < patience(1)


def test_the_place_of_a_finished_request_is_free(small, mock):
    mock.behave(mode="words", words=3, frame_delay_ms=30)
    for _ in range(5):
        assert [reply[-1] for reply in at_once(2, lambda _: small.stream().rest())] == ["[DONE]"] * 2
    stream = small.stream()
    stream.read(1)
    stream.close()
    eventually(lambda: mock.open_count() == 0, what="the end upstream")
    mock.reset()
    eventually(lambda: set(at_once(2, lambda _: small.chat().status)) == {200}, what="two places")
