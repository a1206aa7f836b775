"""A crowd that asks the same at once: one question to the provider, and an answer for each."""

import asyncio
import http.client
import io
import json

import pytest

from weir_harness import raw
from weir_harness.settings import patience
from weir_harness.upstream import chat_body
from weir_harness.waiting import eventually

CROWD = 1000
QUESTION = "What does everybody want to know?"


class Kept:
    """Bytes, as a socket for http.client."""

    def __init__(self, seen):
        self._file = io.BytesIO(seen)

    def makefile(self, *_, **__):
        return self._file


class Answer:
    """What came on one connection."""

    def __init__(self, seen):
        response = http.client.HTTPResponse(Kept(seen))
        response.begin()
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def text(self):
        return json.loads(self.body)["choices"][0]["message"]["content"]


async def _ask(edge, request, gate):
    reader, writer = await asyncio.open_connection(edge.host, edge.port, limit=1 << 20)
    try:
        await gate.wait()
        writer.write(request)
        return await asyncio.wait_for(reader.read(), patience(60))
    finally:
        writer.close()


async def _ask_all(edges, count, request):
    gate = asyncio.Event()
    tasks = []
    for number in range(count):
        tasks.append(asyncio.create_task(_ask(edges[number % len(edges)], request, gate)))
        if number % 50 == 49:
            await asyncio.sleep(0.01)  # Not more than a listener takes at once.
    await asyncio.sleep(0.2)
    gate.set()
    return [Answer(seen) for seen in await asyncio.gather(*tasks)]


def ask_all(edges, count, key, text=QUESTION):
    """What so many callers, all connected before the first asks, get at once."""
    return asyncio.run(_ask_all(edges, count, raw.post(key, chat_body(text), extra=("Connection: close",))))


def edges_of(gateway):
    return getattr(gateway, "edges", [gateway.http])


@pytest.fixture
def cached(new_tenant):
    tenant = new_tenant()
    tenant.cache("answers")
    return tenant


def check(answers, text):
    assert {each.status for each in answers} == {200}, [each.body for each in answers if each.status != 200][:3]
    assert {each.text for each in answers} == {text}


def test_a_crowd_is_one_question(cached, mock, gateway):
    mock.behave(mode="words", words=7, latency_ms=3000)
    answers = ask_all(edges_of(gateway)[:1], CROWD, cached.secret)
    check(answers, "word1 word2 word3 word4 word5 word6 word7")
    assert mock.ledger()["requests"] == 1
    found = [each.headers["X-Cache-Status"] for each in answers]
    assert found.count("MISS") == 1 and found.count("HIT") == CROWD - 1


def test_when_the_leader_leaves_one_more_is_asked(cached, mock, gateway):
    mock.behave(mode="words", words=400, frame_delay_ms=50, times=1)
    mock.behave(mode="words", words=7, latency_ms=1000)
    edge = edges_of(gateway)[0]
    leader = edge.stream("/v1/chat/completions", chat_body(QUESTION, stream=True), cached.auth())
    leader.read(3)

    async def leave_in_the_middle():
        crowd = asyncio.create_task(_ask_all(
            [edge], CROWD, raw.post(cached.secret, chat_body(QUESTION), extra=("Connection: close",))))
        await asyncio.sleep(patience(2.5))
        assert not crowd.done()
        leader.close()
        return await crowd
    answers = asyncio.run(leave_in_the_middle())
    check(answers, "word1 word2 word3 word4 word5 word6 word7")
    assert mock.ledger()["requests"] == 2
    eventually(lambda: mock.ledger().get("aborted") == 1, what="the end of the first")
