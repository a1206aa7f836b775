"""Who leads equal requests dies with its edge: the others wait no longer than its lease."""

import signal
import threading
import time

from weir_harness.settings import patience
from weir_harness.tenant import Tenant
from weir_harness.upstream import chat_body
from weir_harness.waiting import at_once, eventually
from weir_harness.wire import CHAT

QUESTION = "What does everybody want to know?"
LEASE = 10.0


def test_a_killed_edge_leads_no_longer_than_its_lease(new_suite, mock):
    suite = new_suite(replicas={"edge": 2})
    tenant = Tenant(suite, mock)
    tenant.cache("answers")
    mock.behave(mode="words", words=1000, frame_delay_ms=50, times=1)
    mock.behave(mode="words", words=7)
    first, second = suite.edges
    leader = second.stream(CHAT, chat_body(QUESTION, stream=True), tenant.auth())
    leader.read(3)
    ended = []

    def follow():
        reply = first.post(CHAT, chat_body(QUESTION), tenant.auth())
        ended.append((time.monotonic(), reply))
    followers = [threading.Thread(target=follow) for _ in range(20)]
    for each in followers:
        each.start()
    time.sleep(patience(4))  # The lease has been renewed once.
    assert not ended
    suite.parts["edge-2"].stop(by=signal.SIGKILL)
    killed = time.monotonic()
    for each in followers:
        each.join()
    leader.close()
    assert {reply.status for _, reply in ended} == {200}
    assert len({reply.text for _, reply in ended}) == 1
    took = max(at for at, _ in ended) - killed
    print(f"answered {took:.1f} s after the kill")
    assert LEASE - 4 < took < patience(LEASE + 2), took
    assert mock.ledger()["requests"] == 2
    assert sorted(reply.headers["X-Cache-Status"] for _, reply in ended).count("MISS") == 1
    eventually(lambda: tenant.chat(QUESTION).headers["X-Cache-Status"] == "HIT", what="a hit")
    suite.parts["edge-2"].launch()


def test_equal_requests_meet_whichever_edge_and_replica(new_suite, mock):
    suite = new_suite(replicas={"edge": 2, "cache": 2})
    tenant = Tenant(suite, mock)
    tenant.cache("answers")
    mock.behave(mode="words", words=7, latency_ms=1500)
    for number in range(6):
        mock.reset()
        asked = time.monotonic()
        replies = at_once(24, lambda _, question=f"{QUESTION} Number {number}.": tenant.chat(question))
        assert {reply.status for reply in replies} == {200}
        assert mock.ledger()["requests"] == 1
        # Its lease is known where it was granted: nobody has waited for its end.
        assert time.monotonic() - asked < patience(4)


def test_a_lead_outlives_its_lease_with_several_replicas(new_suite, mock):
    suite = new_suite(replicas={"cache": 3})
    tenant = Tenant(suite, mock)
    tenant.cache("answers")
    mock.behave(mode="words", words=7, latency_ms=13_000)
    replies = at_once(8, lambda _: tenant.chat(QUESTION))
    assert {reply.status for reply in replies} == {200}
    assert mock.ledger()["requests"] == 1
