"""Guardrails die or stand still while they judge answers: nothing goes out unmasked, in no byte, and nobody else hears of it."""

import re
import signal
import time

import pytest
from weir_harness import raw
from weir_harness.settings import patience
from weir_harness.tenant import Tenant
from weir_harness.upstream import chat_body
from weir_harness.waiting import at_once, eventually
from weir_harness.wire import check_error

EVERYBODY = [{"level": "LEVEL_ORGANIZATION"}]
ADDRESSES = [f"jane{number}.doe{number}@example.com" for number in range(40)]
PROMPT = "Tell them: " + ", ".join(ADDRESSES) + "."
ANSWERS = [{"name": "mail", "action": "mask", "entities": {"types": ["EMAIL"]},
            "directions": ["DIRECTION_RESPONSE"]}]
REQUESTS = [{"name": "mail", "action": "mask", "entities": {"types": ["EMAIL"]},
             "directions": ["DIRECTION_REQUEST"]}]


def lose(part, how):
    if how == "killed":
        part.stop(by=signal.SIGKILL)
    else:
        part.send(signal.SIGSTOP)


def bring_back(part, how):
    if how == "killed":
        part.launch()
    else:
        part.send(signal.SIGCONT)


class Stream:
    """A streamed answer as bytes: what has come, and all of it."""

    def __init__(self, edge, tenant, text=PROMPT, frames=60, mock=None, delay_ms=50):
        mock.behave(mode="echo", frames=frames, frame_delay_ms=delay_ms)
        self._socket = raw.connect(edge, timeout=30)
        self._socket.sendall(raw.post(tenant.secret, chat_body(text, stream=True), extra=("Connection: close",)))
        self.seen = b""

    def until(self, count):
        """Reads until there are so many bytes."""
        while len(self.seen) < count:
            got = self._socket.recv(65536)
            assert got, self.seen
            self.seen += got

    def to_end(self):
        self.seen += raw.read_to_end(self._socket)
        self._socket.close()
        return self.seen

    def text(self):
        """What its deltas say."""
        return "".join(re.findall(r'"content":"([^"]*)"', self.seen.decode()))


def leaks(text):
    """Addresses, also those that are cut anywhere: none has less than its first name and number."""
    return re.findall(r"jane\d+|doe\d+|example\.com", text)


@pytest.fixture
def masked(new_suite, mock):
    """A suite and an organisation whose answers are masked."""
    suite = new_suite()
    tenant = Tenant(suite, mock)
    tenant.guard("answers", rules=ANSWERS)
    mock.behave(mode="echo")
    eventually(lambda: not leaks(tenant.chat(PROMPT).text), what="the policy")
    return suite, tenant


@pytest.mark.parametrize("how", ["killed", "paused"])
def test_a_stream_ends_with_an_error_and_shows_nothing(masked, mock, how):
    suite, tenant = masked
    stream = Stream(suite.listener, tenant, mock=mock)
    stream.until(2500)
    lose(suite.parts["guardrails"], how)
    lost = time.monotonic()
    seen = stream.to_end()
    assert time.monotonic() - lost < patience(4)
    assert stream.text().count("[[EMAIL-") > 2, seen
    assert b"[DONE]" not in seen and b'"error"' in seen, seen[-800:]
    assert not leaks(seen.decode()) and not leaks(stream.text()), seen
    bring_back(suite.parts["guardrails"], how)
    mock.behave(mode="echo")

    def again():
        replies = at_once(20, lambda _: tenant.chat(PROMPT))  # Every loop finds it by itself.
        assert {each.status for each in replies} <= {200, 503}, replies
        assert not [each for each in replies if leaks(each.body.decode())]
        return {each.status for each in replies} == {200}
    eventually(again, within=2, what="masked answers, again")


@pytest.mark.parametrize("how", ["killed", "paused"])
def test_only_whom_a_policy_is_for_is_refused(new_suite, mock, how):
    suite = new_suite()
    strict, lenient, free = (Tenant(suite, mock) for _ in range(3))
    strict.guard("masks", rules=REQUESTS)
    lenient.guard("masks", rules=REQUESTS, fail_open=True)
    eventually(lambda: strict.chat(ADDRESSES[0]).status == 200 and ADDRESSES[0] not in mock.last()["body"],
               what="the policy")
    mock.reset()
    lose(suite.parts["guardrails"], how)
    until = time.monotonic() + patience(4)
    while time.monotonic() < until:
        began = time.monotonic()
        reply = free.chat("hello")
        assert reply.status == 200 and "x-weir-degraded" not in reply.headers, reply
        assert time.monotonic() - began < patience(0.5)
        check_error(strict.chat(ADDRESSES[1]), 503, "service_unavailable")
        reply = lenient.chat(ADDRESSES[2])
        assert reply.status == 200 and reply.headers["x-weir-degraded"] == "guardrails", reply
    bodies = "".join(each["body"] for each in mock.requests())
    assert ADDRESSES[1] not in bodies and ADDRESSES[2] in bodies
    bring_back(suite.parts["guardrails"], how)
    eventually(lambda: strict.chat(ADDRESSES[3]).status == 200, within=2, what="an answer")

    def masks_again():
        reply = lenient.chat(ADDRESSES[4])
        assert reply.status == 200, reply
        return "x-weir-degraded" not in reply.headers and ADDRESSES[4] not in mock.last()["body"]
    eventually(masks_again, within=2, what="masks of the lenient")
    bodies = "".join(each["body"] for each in mock.requests())
    assert ADDRESSES[3] not in bodies


def test_an_answer_that_may_pass_unjudged_says_so(masked, mock):
    suite, tenant = masked
    tenant.guard("answers", rules=ANSWERS, fail_open=True)
    suite.parts["guardrails"].stop(by=signal.SIGKILL)
    reply = tenant.chat(PROMPT)
    assert reply.status == 200 and reply.headers["x-weir-degraded"] == "guardrails", reply
    assert leaks(reply.text)
    suite.parts["guardrails"].launch()


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_a_stream_goes_on_when_one_of_two_is_lost(new_suite, mock, how):
    suite = new_suite(replicas={"guardrails": 2})
    tenant = Tenant(suite, mock)
    tenant.guard("answers", rules=ANSWERS)
    streams = [Stream(edge, tenant, mock=mock) for edge in suite.edges for _ in range(12)]
    for each in streams:
        each.until(1500)
    # One after the other, so that whichever has judged a stream so far is lost to it.
    for name in ("guardrails", "guardrails-2"):
        suite.parts[name].stop(by=signal.SIGKILL if how == "killed" else signal.SIGTERM)
        for each in streams:
            each.until(len(each.seen) + 300)
        suite.parts[name].start()
        time.sleep(patience(0.3))
    for each in streams:
        seen = each.to_end()
        assert b"[DONE]" in seen and b'"error"' not in seen, seen[-800:]
        assert not leaks(seen.decode()) and not leaks(each.text()), seen
        assert each.text().count("[[EMAIL-") == len(ADDRESSES), each.text()
