"""Streams: what goes up, what comes down, what is billed."""

import json
import time

import pytest

from weir_harness.settings import patience
from weir_harness.wire import REQUEST_ID, text_of

# Words of up to eight letters: one token each, for the provider and for weir's own count alike.
WORDS = "alpha beta gamma delta epsilon zeta eta theta iota kappa".split()
TEXT = " ".join(WORDS)


def sent_up(mock):
    """The body that the provider got."""
    return json.loads(mock.last()["body"])


def test_S3_1b_a_stream_ends_with_done(tenant, mock):
    mock.behave(mode="words", words=5)
    stream = tenant.stream()
    assert stream.status == 200
    headers = stream.headers
    assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert headers["Cache-Control"] == "no-cache" and headers["X-Accel-Buffering"] == "no"
    assert headers["Content-Length"] is None
    assert REQUEST_ID.fullmatch(headers["x-request-id"])
    chunks = stream.chunks()
    assert text_of(chunks) == "word1 word2 word3 word4 word5"
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * 6 + ["stop"]


def test_S3_1b_an_answer_in_one_piece_comes_as_the_provider_gave_it(tenant, mock):
    through, direct = tenant.chat(), mock.chat()
    assert through.body == direct.body
    assert through.headers["Content-Type"].startswith("application/json")


def test_usage_is_asked_for_and_kept_from_who_did_not_ask(tenant, mock):
    chunks = tenant.stream().chunks()
    assert sent_up(mock)["stream_options"]["include_usage"] is True
    assert all(chunk["choices"] for chunk in chunks)
    assert all(chunk.get("usage") is None for chunk in chunks)
    spent = tenant.settled(1)
    assert (spent.input, spent.output, spent.estimated) == (10, 20, 0)


@pytest.mark.parametrize("options", [{"include_usage": False}, {}, None,
                                     {"include_obfuscation": False}])
def test_other_stream_options_stay_as_they_were(tenant, mock, options):
    chunks = tenant.stream(stream_options=options).chunks()
    assert sent_up(mock)["stream_options"] == {**(options or {}), "include_usage": True}
    assert all(chunk["choices"] for chunk in chunks)
    assert tenant.settled(1).estimated == 0


def test_usage_is_given_to_who_asked(tenant):
    chunks = tenant.stream(stream_options={"include_usage": True}).chunks()
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == {"prompt_tokens": 10, "completion_tokens": 20,
                                   "total_tokens": 30}
    assert all(chunk["choices"] and chunk["usage"] is None for chunk in chunks[:-1])
    assert tenant.settled(1).total == 30


@pytest.mark.parametrize("stream", [False, True])
def test_an_explicit_zero_is_a_value(tenant, mock, stream):
    mock.behave(zero_usage=True)
    if stream:
        tenant.stream().rest()
    else:
        tenant.chat()
    spent = tenant.settled(1)
    assert (spent.total, spent.estimated, spent.requests) == (0, 0, 1)


@pytest.mark.parametrize("stream", [False, True])
def test_S3_16_an_answer_without_usage_is_counted(tenant, mock, stream):
    mock.behave(mode="echo", omit_usage=True)
    if stream:
        assert text_of(tenant.stream(TEXT).chunks()) == TEXT
    else:
        assert tenant.chat(TEXT).text == TEXT
    spent = tenant.settled(1)
    assert (spent.output, spent.estimated) == (len(WORDS), 1)
    assert len(WORDS) <= spent.input <= len(TEXT) + 8


def test_S3_16_the_count_of_a_long_stream_is_within_5_percent(tenant, mock):
    mock.behave(mode="echo", omit_stream_usage=True)
    tenant.stream(" ".join(WORDS * 40)).rest()
    assert tenant.settled(1).output == pytest.approx(mock.ledger()["completion_tokens"], rel=0.05)


def test_a_provider_that_knows_no_stream_options_gets_none(new_tenant, mock):
    tenant = new_tenant(provider={"no_stream_usage": True})
    mock.behave(mode="echo", omit_stream_usage=True)
    tenant.stream(TEXT).rest()
    assert "stream_options" not in sent_up(mock)
    spent = tenant.settled(1)
    assert (spent.output, spent.estimated) == (len(WORDS), 1)


def test_deltas_come_as_they_are_made(tenant, mock):
    mock.behave(mode="words", words=8, frame_delay_ms=60)
    stream = tenant.stream()
    began = time.monotonic()
    stream.read(9)
    late = [at - began - index * 0.06 for index, at in enumerate(stream.arrivals)]
    assert max(late) < patience(0.15), late
    assert stream.arrivals[-1] - stream.arrivals[0] > 0.4
    stream.rest()


@pytest.mark.parametrize("frames", [1, 4])
def test_a_break_in_mid_stream_is_an_error_event_and_no_end(tenant, mock, frames):
    mock.behave(mode="echo", drop_after_frames=frames, frame_delay_ms=5)
    stream = tenant.stream(TEXT)
    assert stream.status == 200
    events = stream.rest()
    assert "[DONE]" not in events
    error = json.loads(events[-1])["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == "upstream_error" and error["message"]
    assert text_of([json.loads(each) for each in events[:-1]]) == " ".join(WORDS[:frames])
    spent = tenant.settled(1)
    assert (spent.output, spent.estimated) == (frames, 1)


def test_a_reset_in_mid_stream_is_an_error_event_too(tenant, mock):
    mock.behave(mode="echo", drop_after_frames=3, reset=True, frame_delay_ms=5)
    events = tenant.stream(TEXT).rest()
    assert "[DONE]" not in events and "error" in json.loads(events[-1])
    assert tenant.settled(1).output <= 3


def test_an_error_before_the_stream_is_a_plain_error(tenant, mock):
    mock.behave(status=400)
    stream = tenant.stream()
    assert stream.status == 400
    assert stream.headers["Content-Type"].startswith("application/json")
    stream.close()


def test_a_stream_of_tool_calls_passes_whole(tenant, mock):
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": {}}}]
    through = tenant.stream(tools=tools, tool_choice="required").chunks()
    direct = mock.chat(stream=True, tools=tools, tool_choice="required").chunks()
    assert [chunk["choices"] for chunk in through] == [chunk["choices"] for chunk in direct]
    pieces = [chunk["choices"][0]["delta"].get("tool_calls") for chunk in through]
    arguments = "".join(call[0]["function"]["arguments"] for call in pieces if call)
    assert json.loads(arguments) == {"city": "Paris"}


def test_a_connection_is_used_again_after_a_stream(tenant):
    connection = tenant.gateway.http.connect()
    body = json.dumps({"model": "gpt-4o-mini", "stream": True,
                       "messages": [{"role": "user", "content": "hi"}]})
    connection.request("POST", "/v1/chat/completions", body, tenant.auth())
    assert connection.getresponse().read().endswith(b"data: [DONE]\n\n")
    socket = connection.sock
    assert socket is not None
    connection.request("GET", "/v1/models", headers=tenant.auth())
    assert connection.getresponse().status == 200 and connection.sock is socket
    connection.close()


def test_a_large_answer_passes_whole(tenant, mock):
    mock.behave(mode="echo")
    text = "lorem ipsum " * 90_000  # A megabyte.
    assert tenant.chat(text).text == text
    assert text_of(tenant.stream(text[:200_000], max_tokens=1_000_000).chunks()) == text[:200_000]


def test_an_idle_stream_is_ended_with_an_error(new_tenant, mock):
    tenant = new_tenant(provider={"timeouts": {"idle": "0.5s"}})
    mock.behave(mode="words", words=3, frame_delay_ms=3000)
    stream = tenant.stream()
    began = time.monotonic()
    events = stream.rest()
    assert time.monotonic() - began < patience(1.5)
    assert json.loads(events[-1])["error"]["message"] == "upstream timed out"
    assert "[DONE]" not in events
