"""What the mock provider says in the Responses API: whole, as typed events, and in its books."""

import json

import pytest

from conftest import eventually, raw_post, read_until

RESPONSES = "/v1/responses"
TOOLS = [{"type": "function", "name": name, "parameters": {}} for name in ("get_weather", "get_time")]


def body(text="hi there", **more):
    return {"model": "gpt-4o-mini", "input": text, **more}


def said(reply):
    return reply.json()["output"][0]["content"][0]["text"]


def typed(reply):
    """The events of a stream: each names its type, all are counted from 0."""
    parts = reply.body.decode().split("\n\n")
    assert parts.pop() == "", "the stream must end with a blank line"
    events = []
    for part in parts:
        name, data = part.split("\n")
        events.append(json.loads(data.removeprefix("data: ")))
        assert name == "event: " + events[-1]["type"]
    assert [each["sequence_number"] for each in events] == list(range(len(events)))
    return events


def text_of(events):
    return "".join(each["delta"] for each in events
                   if each["type"] == "response.output_text.delta")


def test_the_default_answer_is_the_canned_text(mock):
    reply = mock.post(RESPONSES, body())
    assert reply.status == 200
    response = reply.json()
    assert (response["id"], response["object"], response["status"]) == (
        "resp_mock777", "response", "completed")
    assert said(reply).startswith("Hello! This response came through")
    assert response["usage"] == {"input_tokens": 10, "output_tokens": 20, "total_tokens": 30}


def test_a_stream_names_and_counts_its_events(mock):
    mock.behave(mode="words", words=3)
    events = typed(mock.post(RESPONSES, body(stream=True)))
    assert [each["type"].removeprefix("response.") for each in events] == [
        "created", "in_progress", "output_item.added", "content_part.added",
        "output_text.delta", "output_text.delta", "output_text.delta",
        "output_text.done", "content_part.done", "output_item.done", "completed"]
    assert text_of(events) == events[7]["text"] == "word1 word2 word3"
    assert events[-1]["response"] == mock.post(RESPONSES, body()).json()
    assert events[0]["response"]["usage"] is None


@pytest.mark.parametrize("text, prompt", [
    ("one two", 2),
    ([{"role": "system", "content": "no"}, {"role": "user", "content": "one two"}], 3),
    ([{"role": "user", "content": [{"type": "input_text", "text": "one"},
                                   {"type": "input_text", "text": "two"}]}], 2)])
def test_it_echoes_the_last_user_text(mock, text, prompt):
    mock.behave(mode="echo")
    reply = mock.post(RESPONSES, body(text, model="mine"))
    assert (said(reply), reply.json()["model"]) == ("one two", "mine")
    assert reply.json()["usage"]["input_tokens"] == prompt
    with_instructions = mock.post(RESPONSES, body(text, instructions="be very kind"))
    assert with_instructions.json()["usage"]["input_tokens"] == prompt + 3


@pytest.mark.parametrize("stream", [False, True])
def test_max_output_tokens_cuts(mock, stream):
    mock.behave(mode="words", words=5)
    reply = mock.post(RESPONSES, body(stream=stream, max_output_tokens=2))
    events = typed(reply) if stream else []
    response = events[-1]["response"] if stream else reply.json()
    assert not events or events[-1]["type"] == "response.incomplete"
    assert response["status"] == "incomplete"
    assert response["incomplete_details"] == {"reason": "max_output_tokens"}
    assert response["output"][0]["content"][0]["text"] == "word1 word2"
    assert response["usage"]["output_tokens"] == 2


def test_a_tool_is_called_and_its_output_ends_the_loop(mock):
    mock.behave(tools=True)
    [call] = mock.post(RESPONSES, body(tools=TOOLS)).json()["output"]
    assert (call["type"], call["name"], call["arguments"]) == (
        "function_call", "get_weather", '{"city":"Paris"}')
    events = typed(mock.post(RESPONSES, body(tools=TOOLS, stream=True)))
    arguments = "".join(each["delta"] for each in events if each["type"].endswith("arguments.delta"))
    assert arguments == '{"city":"Paris"}'
    chosen = mock.post(RESPONSES, body(tools=TOOLS, tool_choice={"type": "function",
                                                                 "name": "get_time"}))
    assert chosen.json()["output"][0]["name"] == "get_time"
    answered = [{"role": "user", "content": "hi"},
                {"type": "function_call_output", "call_id": "call_mock777", "output": "sunny"}]
    assert said(mock.post(RESPONSES, body(answered, tools=TOOLS)))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("behaviour, usage, booked", [
    ({"omit_usage": True}, None, (10, 20)),
    ({"zero_usage": True}, {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}, (0, 0)),
    ({"usage": {"completion_tokens": 7, "output_tokens_details": {"reasoning_tokens": 3}}},
     {"input_tokens": 10, "output_tokens": 7, "total_tokens": 17,
      "output_tokens_details": {"reasoning_tokens": 3}}, (10, 7))])
def test_usage_is_reported_and_booked_as_scripted(mock, stream, behaviour, usage, booked):
    mock.behave(**behaviour)
    reply = mock.post(RESPONSES, body(stream=stream))
    response = typed(reply)[-1]["response"] if stream else reply.json()
    assert response["usage"] == usage
    ledger = mock.ledger()
    assert (ledger["prompt_tokens"], ledger["completion_tokens"]) == booked
    assert (ledger["requests"], ledger["finished"]) == (1, 1)


def test_the_request_log_has_it(mock):
    mock.post(RESPONSES, body())
    last = mock.last()
    assert (last["target"], last["model"], last["outcome"]) == (RESPONSES, "gpt-4o-mini", "finished")
    assert json.loads(last["body"]) == body()


@pytest.mark.parametrize("document", [{}, {"model": "m"}, {"model": "m", "input": 7},
                                      {"input": "hi"}, body(max_output_tokens=0),
                                      body(stream="yes")])
def test_what_is_wrong_is_refused(mock, document):
    reply = mock.post(RESPONSES, document)
    assert reply.status == 400 and reply.json()["error"]["type"] == "invalid_request_error"


def test_a_scripted_error_comes_in_place_of_a_stream(mock):
    mock.behave(status=503)
    assert mock.post(RESPONSES, body(stream=True)).status == 503
    assert mock.ledger()["errors"] == 1


def test_a_stream_is_dropped_after_frames(mock):
    mock.behave(mode="words", words=10, drop_after_frames=4)
    sock = mock.connect()
    sock.sendall(raw_post(body(stream=True), path=RESPONSES))
    assert read_until(sock, b"never").count(b"output_text.delta\n") == 4
    ledger = mock.ledger()
    assert (ledger["dropped"], ledger["dropped_completion_tokens"]) == (1, 4)


def test_who_leaves_is_booked_for_what_was_sent(mock):
    mock.behave(mode="words", words=100, frame_delay_ms=20)
    sock = mock.connect()
    sock.sendall(raw_post(body(stream=True), path=RESPONSES))
    read_until(sock, b"word3")
    sock.close()
    eventually(lambda: mock.open_count() == 0)
    ledger = mock.ledger()
    assert ledger["aborted"] == 1 and 3 <= ledger["aborted_completion_tokens"] <= 6
