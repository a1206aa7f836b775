"""What the mock provider says: canned, echoed and numbered text, streams, tools, embeddings."""

import base64
import json
import struct

import pytest

from conftest import CHAT, chat_body, raw_post, read_until

SAMPLE = {
    "id": "chatcmpl-mock777",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "gpt-4o-mini",
    "choices": [{
        "index": 0,
        "message": {
            "role": "assistant",
            "content": "Hello! This response came through your local WSO2 AI Gateway — no real "
                       "OpenAI call was made.",
        },
        "finish_reason": "stop",
    }],
    "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30},
}
SAMPLE_TEXT = SAMPLE["choices"][0]["message"]["content"]
TOOLS = [{"type": "function", "function": {"name": name, "parameters": {}}}
         for name in ("get_weather", "get_time")]


def said(reply):
    return reply.json()["choices"][0]["message"]["content"]


def test_the_default_answer_is_the_sample(mock):
    reply = mock.chat(model="anything")
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.json() == SAMPLE


@pytest.mark.parametrize("method, path, status, allow", [
    ("POST", "/v1/completions", 404, None),
    ("POST", "/chat/completions", 404, None),
    ("POST", CHAT + "/", 404, None),
    ("GET", "/", 404, None),
    ("GET", CHAT, 405, "POST"),
    ("DELETE", "/v1/embeddings", 405, "POST"),
    ("POST", "/v1/models", 405, "GET"),
])
def test_other_paths_and_methods_are_refused(mock, method, path, status, allow):
    reply = mock.request(method, path, "{}")
    assert (reply.status, reply.headers["Allow"]) == (status, allow)
    assert set(reply.json()["error"]) == {"message", "type", "param", "code"}
    assert mock.ledger()["errors"] == 1


def test_a_query_does_not_hide_the_path(mock):
    assert mock.post(CHAT + "?api-version=2024-06-01", chat_body()).status == 200


@pytest.mark.parametrize("body, says", [
    ("{", "parse the JSON"),
    ("[]", "parse the JSON"),
    ('{"messages": []}', "model"),
    ('{"model": "m"}', "messages"),
    ('{"model": "m", "messages": [], "stream": "yes"}', "stream"),
    ('{"model": "m", "messages": [], "max_tokens": 0}', "max_tokens"),
    ('{"model": "m", "messages": [], "max_completion_tokens": "4"}', "max_completion_tokens"),
])
def test_bad_requests_are_named(mock, body, says):
    reply = mock.request("POST", CHAT, body)
    assert reply.status == 400
    assert says in reply.json()["error"]["message"]
    assert reply.json()["error"]["type"] == "invalid_request_error"


def test_models(mock):
    models = mock.request("GET", "/v1/models").json()
    assert models["object"] == "list"
    assert [m["id"] for m in models["data"]] == ["gpt-4o-mini", "text-embedding-3-small"]


def test_a_stream_is_shaped_like_openais(mock):
    reply = mock.chat(stream=True)
    assert reply.headers["Content-Type"].startswith("text/event-stream")
    assert reply.headers["Transfer-Encoding"] == "chunked"
    chunks = reply.chunks()
    assert {(c["id"], c["created"], c["object"], c["model"]) for c in chunks} == {
        ("chatcmpl-mock777", 1700000000, "chat.completion.chunk", "gpt-4o-mini")}
    assert all("usage" not in c for c in chunks)
    choices = [c["choices"][0] for c in chunks]
    assert choices[0]["delta"] == {"role": "assistant", "content": ""}
    assert [c["finish_reason"] for c in choices] == [None] * (len(choices) - 1) + ["stop"]
    assert choices[-1]["delta"] == {}
    assert reply.text() == SAMPLE_TEXT
    assert len(choices) == 1 + len(SAMPLE_TEXT.split()) + 1


def test_include_usage_adds_one_last_chunk(mock):
    chunks = mock.chat(stream=True, stream_options={"include_usage": True}).chunks()
    assert all(c["usage"] is None for c in chunks[:-1])
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == SAMPLE["usage"]


def test_every_frame_is_an_http_chunk(mock):
    with mock.open_stream() as sock:
        body = read_until(sock, b"0\r\n\r\n").partition(b"\r\n\r\n")[2]
    events = 0
    while True:
        size, _, body = body.partition(b"\r\n")
        frame, body = body[:int(size, 16)], body[int(size, 16) + 2:]
        if not frame:
            break
        assert frame.startswith(b"data: ") and frame.endswith(b"\n\n") and frame.count(b"\n") == 2
        events += 1
    assert events == 1 + len(SAMPLE_TEXT.split()) + 2


@pytest.mark.parametrize("text, frames, want", [
    ("one two three", None, ["one", " two", " three"]),
    ("one two three four", 2, ["one two", " three four"]),
    ("one two three", 2, ["one", " two three"]),
    ("one two ", 1, ["one two "]),
    ("añb", 3, ["a", "ñ", "b"]),
    ("ab", 500, ["a", "b"]),
    ("", None, []),
])
def test_text_is_split_into_frames(mock, text, frames, want):
    mock.behave(mode="echo", **({"frames": frames} if frames else {}))
    reply = mock.chat(text, stream=True)
    contents = [c["choices"][0]["delta"].get("content") for c in reply.chunks()]
    assert contents == ["", *want, None]
    assert mock.last()["frames_sent"] == len(want)


def test_echo_repeats_the_last_user_message(mock):
    mock.behave(mode="echo")
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "answer"},
        {"role": "user", "content": [{"type": "text", "text": 'two "parts"\n\t\\'},
                                     {"type": "image_url", "image_url": {"url": "x"}},
                                     {"type": "text", "text": "\u0001 ünï 🎉"}]},
        {"role": "assistant", "content": None},
    ]
    reply = mock.post(CHAT, {"model": "my-model", "messages": messages}).json()
    text = 'two "parts"\n\t\\ \u0001 ünï 🎉'
    assert reply["model"] == "my-model"
    assert reply["choices"][0]["message"]["content"] == text
    assert reply["usage"] == {"prompt_tokens": 10, "completion_tokens": 6, "total_tokens": 16}


@pytest.mark.parametrize("mode", ["echo", "words"])
@pytest.mark.parametrize("limits, words, finish", [
    ({}, 4, "stop"),
    ({"max_tokens": 4}, 4, "stop"),
    ({"max_tokens": 3}, 3, "length"),
    ({"max_completion_tokens": 1}, 1, "length"),
    ({"max_tokens": 2, "max_completion_tokens": 3}, 3, "length"),
    ({"max_tokens": None}, 4, "stop"),
])
def test_the_clients_limit_cuts_generated_text(mock, mode, limits, words, finish):
    mock.behave(mode=mode, words=4)
    expected = " ".join(f"word{i}" for i in range(1, words + 1))
    reply = mock.chat("word1 word2 word3 word4", **limits)
    assert said(reply) == expected
    assert reply.json()["choices"][0]["finish_reason"] == finish
    assert reply.json()["usage"]["completion_tokens"] == words
    stream = mock.chat("word1 word2 word3 word4", stream=True,
                       stream_options={"include_usage": True}, **limits)
    assert stream.text() == expected
    assert stream.chunks()[-2]["choices"][0]["finish_reason"] == finish
    assert stream.chunks()[-1]["usage"]["completion_tokens"] == words
    assert mock.ledger()["completion_tokens"] == 2 * words


@pytest.mark.parametrize("behaviour, usage", [
    ({"mode": "words", "words": 7}, (10, 7, 17)),
    ({"mode": "words", "words": 7, "prompt_tokens": 123}, (123, 7, 130)),
    ({"mode": "words", "words": 0}, (10, 0, 10)),
    ({"mode": "fixed", "prompt_tokens": 50}, (50, 20, 70)),
    ({"usage": {"prompt_tokens": 1000, "completion_tokens": 5}}, (1000, 5, 1005)),
    ({"usage": {"completion_tokens": 5}}, (10, 5, 15)),
    ({"usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 99}}, (1, 2, 99)),
    ({"zero_usage": True}, (0, 0, 0)),
])
def test_usage_is_reported_and_booked_alike(mock, behaviour, usage):
    mock.behave(**behaviour)
    want = dict(zip(("prompt_tokens", "completion_tokens", "total_tokens"), usage))
    assert mock.chat().json()["usage"] == want
    stream = mock.chat(stream=True, stream_options={"include_usage": True})
    assert stream.chunks()[-1]["usage"] == want
    ledger = mock.ledger()
    assert (ledger["prompt_tokens"], ledger["completion_tokens"]) == (2 * usage[0], 2 * usage[1])


def test_members_of_a_usage_override_are_passed_on(mock):
    details = {"cached_tokens": 8}
    mock.behave(usage={"prompt_tokens": 9, "prompt_tokens_details": details})
    assert mock.chat().json()["usage"] == {"prompt_tokens": 9, "completion_tokens": 20,
                                           "total_tokens": 29, "prompt_tokens_details": details}


@pytest.mark.parametrize("behaviour, in_json", [({"omit_usage": True}, False),
                                                ({"omit_stream_usage": True}, True)])
def test_usage_can_be_omitted_and_is_booked_all_the_same(mock, behaviour, in_json):
    mock.behave(mode="words", words=5, **behaviour)
    assert ("usage" in mock.chat().json()) == in_json
    chunks = mock.chat(stream=True, stream_options={"include_usage": True}).chunks()
    assert all("usage" not in c and c["choices"] for c in chunks)
    assert mock.ledger()["completion_tokens"] == 10


@pytest.mark.parametrize("on, choice, called", [
    (False, "auto", None),
    (False, "required", "get_weather"),
    (False, {"type": "function", "function": {"name": "get_time"}}, "get_time"),
    (True, "auto", "get_weather"),
    (True, "none", None),
])
def test_tools_are_called(mock, on, choice, called):
    mock.behave(tools=on)
    choice_made = mock.chat(tools=TOOLS, tool_choice=choice).json()["choices"][0]
    message = choice_made["message"]
    if called is None:
        assert message["content"] == SAMPLE_TEXT and "tool_calls" not in message
        return
    assert choice_made["finish_reason"] == "tool_calls"
    assert message["content"] is None
    function = message["tool_calls"][0]["function"]
    assert function == {"name": called, "arguments": '{"city":"Paris"}'}


def test_a_tools_answer_is_followed_by_text(mock):
    mock.behave(tools=True)
    messages = [{"role": "user", "content": "hi"}, {"role": "tool", "content": "sunny"}]
    reply = mock.post(CHAT, {"model": "m", "messages": messages, "tools": TOOLS})
    assert said(reply) == SAMPLE_TEXT


def test_a_tool_call_is_streamed_in_pieces(mock):
    chunks = mock.chat(stream=True, tools=TOOLS, tool_choice="required").chunks()
    calls = [c["choices"][0]["delta"].get("tool_calls", [None])[0] for c in chunks[:-1]]
    assert calls[0]["type"] == "function" and calls[0]["function"]["name"] == "get_weather"
    pieces = [call["function"]["arguments"] for call in calls]
    assert len([piece for piece in pieces if piece]) > 1
    assert "".join(pieces) == '{"city":"Paris"}'
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def vectors(reply):
    return [item["embedding"] for item in reply.json()["data"]]


def test_embeddings_are_deterministic_unit_vectors(mock):
    reply = mock.post("/v1/embeddings", {"model": "emb", "input": ["a b c", "d", "a b c"]})
    first, second, third = vectors(reply)
    assert len(first) == 8 and first == third and first != second
    assert sum(x * x for x in first) == pytest.approx(1, abs=1e-5)
    assert reply.json()["model"] == "emb"
    assert reply.json()["usage"] == {"prompt_tokens": 7, "total_tokens": 7}
    assert mock.ledger()["prompt_tokens"] == 7
    assert vectors(mock.post("/v1/embeddings", {"model": "x", "input": "a b c"})) == [first]


def test_embeddings_in_base64_hold_the_same_floats(mock):
    request = {"model": "emb", "input": "text", "dimensions": 5}
    floats = vectors(mock.post("/v1/embeddings", request))[0]
    coded = vectors(mock.post("/v1/embeddings", {**request, "encoding_format": "base64"}))[0]
    assert list(struct.unpack("<5f", base64.b64decode(coded))) == pytest.approx(floats)


@pytest.mark.parametrize("given, count, tokens", [
    ([1, 2, 3], 1, 3), ([[1, 2], [3]], 2, 3), ("one two", 1, 2)])
def test_embeddings_take_text_and_tokens(mock, given, count, tokens):
    mock.behave(dimensions=4)
    reply = mock.post("/v1/embeddings", {"model": "emb", "input": given})
    assert [len(v) for v in vectors(reply)] == [4] * count
    assert reply.json()["usage"]["total_tokens"] == tokens


@pytest.mark.parametrize("request_body", [
    {"model": "e"}, {"model": "e", "input": []}, {"model": "e", "input": 3},
    {"model": "e", "input": "x", "encoding_format": "int8"},
    {"model": "e", "input": "x", "dimensions": 0}, {"input": "x"}])
def test_bad_embeddings_requests_are_refused(mock, request_body):
    assert mock.post("/v1/embeddings", request_body).status == 400


def test_another_canned_answer_can_be_given(start_mock, tmp_path):
    body = {**SAMPLE, "id": "other", "system_fingerprint": "fp"}
    for name, content in (("plain", body), ("mapping", {"response": {"jsonBody": body}})):
        path = tmp_path / name
        path.write_text(json.dumps(content))
        mock = start_mock("--answer", str(path))
        assert mock.chat().json() == body
        assert mock.chat(stream=True).chunks()[0]["id"] == "other"


@pytest.mark.parametrize("sent, status", [
    (None, 401), ("Bearer right", 200), ("Bearer wrong", 401), ("bearer right", 401),
    ("right", 401), ("Bearer right ", 200)])  # White space at the end is none of the value's.
def test_an_api_key_can_be_wanted(start_mock, sent, status):
    mock = start_mock("--api-key", "right")
    for path in (CHAT, "/v1/embeddings"):
        document = {**chat_body(), "input": "x"}
        reply = mock.post(path, document, {"Authorization": sent} if sent else {})
        assert reply.status == status
        if status == 401:
            assert reply.json()["error"]["code"] == "invalid_api_key"


def test_two_credentials_are_refused(start_mock):
    mock = start_mock("--api-key", "right")
    with mock.connect() as sock:
        sock.sendall(raw_post(chat_body(), extra="Authorization: Bearer right\r\n" * 2))
        assert b" 401 " in read_until(sock, b"\r\n")
