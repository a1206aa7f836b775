"""SIGTERM: readiness falls, nobody new is taken, who is there finishes, the books are closed."""

import json
import signal
import time

import pytest

from weir_harness import raw
from weir_harness.settings import patience
from weir_harness.tenant import Tenant
from weir_harness.waiting import eventually


def refuses(gateway):
    """Whether a new connection gets nothing."""
    try:
        return gateway.http.get("/v1/models").status == 503
    except OSError:
        return True


def readiness(gateway):
    """The status of /readyz; None where nobody answers."""
    try:
        return gateway.ops.get("/readyz").status
    except OSError:
        return None


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_S3_14_an_open_stream_finishes_and_nobody_new_is_taken(own_gateway, mock, by):
    gateway = own_gateway()
    tenant = Tenant(gateway, mock)
    mock.behave(mode="words", words=20, frame_delay_ms=100)
    stream = tenant.stream()
    stream.read(4)
    idle = raw.connect(gateway.http)
    idle.sendall(b"GET /v1/models HTTP/1.1\r\nHost: weir\r\n\r\n")
    assert raw.read_reply(idle).status == 401  # Taken, and kept open.
    gateway.close_admin()
    gateway.process.send_signal(by)
    eventually(lambda: readiness(gateway) in (503, None), within=1, what="readiness's fall")
    eventually(lambda: refuses(gateway), within=1, what="the refusal of new connections")
    assert gateway.process.poll() is None, "it left while a stream was open"
    assert idle.recv(1) == b"", "an idle connection is ended"
    assert len(stream.rest()) == 22 - 4 + 1
    assert stream.arrivals[-1] - stream.arrivals[0] > 1
    assert gateway.process.wait(timeout=patience(5)) == 0
    assert mock.ledger()["finished"] == 1
    gateway.start()
    spent = tenant.settled(1)
    assert (spent.output, spent.estimated) == (20, 0)


def test_S3_14_readiness_falls_before_connections_are_refused(own_gateway, mock):
    gateway = own_gateway()
    tenant = Tenant(gateway, mock)
    mock.behave(mode="words", words=10, frame_delay_ms=100)
    stream = tenant.stream()
    stream.read(1)
    gateway.process.send_signal(signal.SIGTERM)
    seen = []
    while gateway.process.poll() is None and len(seen) < 10_000:
        # In this order: what was refused before readiness was asked must be known to it.
        refused = refuses(gateway)
        seen.append((refused, readiness(gateway)))
    assert (True, 503) in seen, seen[:5]
    assert (True, 200) not in seen
    stream.close()


def test_S3_14_a_stream_over_the_limit_is_ended_with_an_error(own_gateway, mock):
    gateway = own_gateway(edge={"loops": 1, "drain": "1s"})
    tenant = Tenant(gateway, mock)
    mock.behave(mode="words", words=100, frame_delay_ms=100)
    stream = tenant.stream()
    stream.read(3)
    gateway.close_admin()
    began = time.monotonic()
    gateway.process.send_signal(signal.SIGTERM)
    events = stream.rest()
    assert "[DONE]" not in events and "error" in json.loads(events[-1])
    assert gateway.process.wait(timeout=patience(6)) == 0
    assert 0.9 < time.monotonic() - began < patience(4)
    eventually(lambda: mock.open_count() == 0, within=1, what="the end upstream")
    gateway.start()
    assert 2 <= tenant.settled(1).output <= mock.ledger()["aborted_completion_tokens"] * 2


def test_an_idle_gateway_leaves_at_once(own_gateway):
    gateway = own_gateway()
    began = time.monotonic()
    assert gateway.stop() == 0
    assert time.monotonic() - began < patience(3)


def test_a_request_in_progress_is_answered(own_gateway, mock):
    gateway = own_gateway()
    tenant = Tenant(gateway, mock)
    mock.behave(latency_ms=800)
    sock = raw.connect(gateway.http)
    sock.sendall(raw.post(tenant.secret, {"model": "gpt-4o-mini",
                                          "messages": [{"role": "user", "content": "hi"}]}))
    eventually(lambda: mock.open_count() == 1, what="the call upstream")
    gateway.close_admin()
    gateway.process.send_signal(signal.SIGTERM)
    reply = raw.read_reply(sock)
    assert reply.status == 200 and reply.headers["Connection"].lower() == "close"
    assert gateway.process.wait(timeout=patience(5)) == 0
