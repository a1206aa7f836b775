"""What the gateway tells again of a recorded answer, read by the official OpenAI client."""

import json
import subprocess

import httpx
import pytest
from openai import OpenAI
from weir_harness.settings import BIN_DIR

TEXT = "Paris is the capital of France, \"é\" 中文 \U0001f600 and so on.\n" * 20
HELLO = [{"role": "user", "content": "hello"}]
CHAT = {
    "id": "chatcmpl-first", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini",
    "system_fingerprint": "fp_1", "service_tier": "default",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT, "refusal": None,
                                         "annotations": []},
                 "logprobs": None, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30,
              "completion_tokens_details": {"reasoning_tokens": 5}}}
REASONING = {"type": "reasoning", "id": "rs_1",
             "summary": [{"type": "summary_text", "text": "Thinking " * 20}]}
MESSAGE = {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant",
           "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": TEXT}]}
RESPONSE = {
    "id": "resp_first", "object": "response", "created_at": 1, "status": "completed",
    "error": None, "incomplete_details": None, "instructions": None, "metadata": {"a": "b"},
    "model": "gpt-4o-mini", "output": [REASONING, MESSAGE], "parallel_tool_calls": True,
    "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0, "user": "alice",
    "usage": {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 0},
              "output_tokens": 20, "output_tokens_details": {"reasoning_tokens": 5},
              "total_tokens": 30}}


def told(answer, *arguments):
    done = subprocess.run([BIN_DIR / "replay_probe", *arguments], check=True, timeout=30,
                          input=json.dumps(answer).encode(), stdout=subprocess.PIPE)
    return done.stdout


@pytest.fixture
def client_of():
    """Makes clients whose every request is answered by these bytes."""
    made = []

    def make(body, streamed):
        kind = "text/event-stream; charset=utf-8" if streamed else "application/json"

        def answer(_request):
            return httpx.Response(200, headers={"content-type": kind}, content=body)
        made.append(OpenAI(api_key="k", base_url="http://gateway.test/v1", max_retries=0,
                           http_client=httpx.Client(transport=httpx.MockTransport(answer))))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_C_6_a_chat_told_again_whole(client_of):
    client = client_of(told(CHAT, "chat", "whole"), False)
    chat = client.chat.completions.create(model="m", messages=HELLO)
    assert chat.id == "chatcmpl-again" and chat.created == 1763719200
    assert chat.choices[0].message.content == TEXT
    assert chat.choices[0].finish_reason == "stop"
    assert chat.usage.total_tokens == 30
    assert chat.usage.completion_tokens_details.reasoning_tokens == 5
    assert (chat.system_fingerprint, chat.service_tier) == ("fp_1", "default")


def test_C_6_a_chat_told_again_as_a_stream(client_of):
    client = client_of(told(CHAT, "chat", "stream"), True)
    chunks = list(client.chat.completions.create(model="m", messages=HELLO, stream=True))
    assert {each.id for each in chunks} == {"chatcmpl-again"}
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(each.choices[0].delta.content or "" for each in chunks) == TEXT
    assert len(chunks) > 20
    assert [each.choices[0].finish_reason for each in chunks][-2:] == [None, "stop"]
    assert all(each.usage is None for each in chunks)


def test_C_6_a_chat_told_again_with_its_usage(client_of):
    client = client_of(told(CHAT, "chat", "stream", "usage"), True)
    with client.chat.completions.stream(model="m", messages=HELLO,
                                        stream_options={"include_usage": True}) as stream:
        chat = stream.get_final_completion()
    assert chat.choices[0].message.content == TEXT
    assert chat.choices[0].finish_reason == "stop"
    assert chat.usage.total_tokens == 30


def test_C_6_a_refusal_told_again(client_of):
    refusal = json.loads(json.dumps(CHAT))
    refusal["choices"][0]["message"].update(content=None, refusal="I will not say that. " * 5)
    client = client_of(told(refusal, "chat", "stream"), True)
    with client.chat.completions.stream(model="m", messages=HELLO) as stream:
        message = stream.get_final_completion().choices[0].message
    assert message.refusal == "I will not say that. " * 5
    assert not message.content


def test_C_6_a_response_told_again_whole(client_of):
    response = client_of(told(RESPONSE, "responses", "whole"), False).responses.create(
        model="m", input="hello")
    assert response.id == "resp_again" and response.created_at == 1763719200
    assert response.output_text == TEXT
    assert response.usage.total_tokens == 30
    assert response.metadata == {} and response.user is None


def test_C_6_a_response_told_again_as_a_stream(client_of):
    client = client_of(told(RESPONSE, "responses", "stream"), True)
    events = list(client.responses.create(model="m", input="hello", stream=True))
    assert [each.sequence_number for each in events] == list(range(len(events)))
    assert events[0].type == "response.created" and events[0].response.status == "in_progress"
    deltas = [each.delta for each in events if each.type == "response.output_text.delta"]
    assert "".join(deltas) == TEXT and len(deltas) > 20
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == TEXT


def test_C_6_a_response_told_again_is_put_together_by_the_client(client_of):
    client = client_of(told(RESPONSE, "responses", "stream"), True)
    with client.responses.stream(model="m", input="hello") as stream:
        snapshots = [each.snapshot for each in stream if each.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert snapshots[-1] == TEXT
    assert final.output_text == TEXT
    assert [each.type for each in final.output] == ["reasoning", "message"]
