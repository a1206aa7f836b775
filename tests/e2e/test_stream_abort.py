"""A client that goes away: the provider is let go within a second, and what was delivered is billed."""

import contextlib
import pathlib
import socket
import time

import pytest

from weir_harness import raw
from weir_harness.upstream import chat_body
from weir_harness.waiting import eventually

WORDS = "alpha beta gamma delta epsilon zeta".split()


def leave(stream, how):
    sock = stream._connection.sock  # pylint: disable=protected-access
    if how == "reset":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    stream.close()


# Boundaries: after the head, the role's frame, each word.
@pytest.mark.parametrize("frames", range(len(WORDS) + 2))
@pytest.mark.parametrize("how", ["close", "reset"])
def test_leaving_at_any_boundary_frees_the_provider_and_bills_what_came(tenant, mock, frames, how):
    mock.behave(mode="echo", frame_delay_ms=150)
    stream = tenant.stream(" ".join(WORDS))
    stream.read(frames)
    leave(stream, how)
    eventually(lambda: mock.open_count() == 0, within=1, what="the end upstream")
    words = max(1, frames - 1)  # The first word comes with the head.
    spent, ledger = tenant.settled(1), mock.ledger()
    assert spent.requests == 1
    if ledger["finished"] and frames > len(WORDS):
        # The provider ended its answer before it heard: then its own figures hold.
        assert (spent.total, spent.estimated) == (2 * len(WORDS), 0)
        return
    assert (ledger["aborted"], spent.estimated) == (1, 1)
    assert words <= spent.output <= min(words + 1, ledger["aborted_completion_tokens"]), spent
    assert len(WORDS) <= spent.input <= len(" ".join(WORDS)) + 8


def test_leaving_before_the_first_byte_frees_the_provider(tenant, mock):
    mock.behave(never_answer=True)
    for stream in (False, True):
        sock = raw.connect(tenant.gateway.http)
        sock.sendall(raw.post(tenant.secret, chat_body("hi", stream=stream)))
        eventually(lambda: mock.open_count() == 1, what="the call upstream")
        sock.close()
        eventually(lambda: mock.open_count() == 0, within=1, what="the end upstream")


def test_leaving_an_answer_in_one_piece_frees_the_provider(tenant, mock):
    mock.behave(latency_ms=5000)
    sock = raw.connect(tenant.gateway.http)
    sock.sendall(raw.post(tenant.secret, chat_body("hi")))
    eventually(lambda: mock.open_count() == 1, what="the call upstream")
    sock.close()
    eventually(lambda: mock.open_count() == 0, within=1, what="the end upstream")
    assert tenant.settled(1).requests == 1


def test_a_hold_ends_with_its_stream(tenant, mock):
    """The budget is for one stream at a time; who leaves frees what was not used."""
    tenant.limit("daily", 1000, enforcement="ENFORCEMENT_STRICT")
    mock.behave(mode="echo", frame_delay_ms=100)
    stream = tenant.stream("alpha beta gamma", max_tokens=960)
    stream.read(2)
    assert tenant.chat("hi").status == 429
    stream.close()
    eventually(lambda: tenant.limit_state("daily").remaining > 900, what="the hold's end")


def resident_mib(gateway):
    """Memory of the gateway's process."""
    for line in pathlib.Path(f"/proc/{gateway.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


def test_slow_readers_do_not_make_the_gateway_grow(tenant, mock):
    """Who reads nothing stops the provider: bytes wait in sockets, not in the gateway."""
    if tenant.gateway.process is None:
        pytest.skip("looks at the gateway's process")
    mock.behave(mode="echo")
    words = 200_000  # Some 40 MB of frames each: more than all sockets on the way take.
    before = resident_mib(tenant.gateway)
    with contextlib.ExitStack() as stack:
        for _ in range(6):
            sock = stack.enter_context(raw.connect(tenant.gateway.listener))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
            sock.sendall(raw.post(tenant.secret, chat_body("a " * words, stream=True)))
            assert sock.recv(12) == b"HTTP/1.1 200"
        time.sleep(1)
        assert resident_mib(tenant.gateway) - before < 40
    eventually(lambda: mock.open_count() == 0, within=1, what="the end upstream")
    ledger = mock.ledger()
    assert ledger["aborted"] == 6 and ledger["aborted_completion_tokens"] < 6 * 0.8 * words
    tenant.settled(6)
