"""The official OpenAI client's Responses API, unmodified: base_url and api_key are all that is set."""

import asyncio

import openai
import pytest
from openai import AsyncOpenAI, AzureOpenAI, OpenAI

from weir_harness.tenant import MODEL
from weir_harness.waiting import eventually
from weir_harness.wire import REQUEST_ID

TOOLS = [{"type": "function", "name": "get_weather", "strict": False,
          "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}]


def address(tenant):
    return f"http://{tenant.gateway.http.host}:{tenant.gateway.http.port}"


@pytest.fixture
def steady(new_tenant):
    """A tenant whose models are never left out."""
    return new_tenant(model={"suspend_duration": "0s"})


@pytest.fixture
def client(steady):
    with OpenAI(base_url=address(steady) + "/v1", api_key=steady.secret, max_retries=0) as made:
        yield made


def ask(client, **more):
    return client.responses.create(**{"model": MODEL, "input": "hello", **more})


def text_of(events):
    return "".join(each.delta for each in events if each.type == "response.output_text.delta")


def test_a_response(client):
    response = ask(client, instructions="be kind", max_output_tokens=64)
    assert response.id == "resp_mock777" and response.status == "completed"
    assert response.output_text.startswith("Hello! This response came through")
    usage = response.usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (10, 20, 30)
    assert REQUEST_ID.fullmatch(response._request_id)  # pylint: disable=protected-access


def test_items(client, mock):
    mock.behave(mode="echo")
    response = ask(client, input=[
        {"role": "developer", "content": "be kind"},
        {"role": "user", "content": [{"type": "input_text", "text": "one two"}]}])
    assert response.output_text == "one two"


def test_a_stream(client, mock):
    mock.behave(mode="words", words=5)
    events = list(ask(client, stream=True))
    assert text_of(events) == "word1 word2 word3 word4 word5"
    assert [each.sequence_number for each in events] == list(range(len(events)))
    assert events[0].type == "response.created"
    assert events[-1].type == "response.completed"
    assert events[-1].response.usage.output_tokens == 5


def test_the_stream_helper(client, mock):
    mock.behave(mode="words", words=3)
    with client.responses.stream(model=MODEL, input="hello") as stream:
        for _ in stream:
            pass
        assert stream.get_final_response().output_text == "word1 word2 word3"


def test_an_answer_that_is_cut_by_its_cap(client, mock):
    mock.behave(mode="words", words=9)
    response = ask(client, max_output_tokens=4)
    assert response.status == "incomplete"
    assert response.incomplete_details.reason == "max_output_tokens"
    assert list(ask(client, max_output_tokens=4, stream=True))[-1].type == "response.incomplete"


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_of_a_function(client, stream):
    response = ask(client, tools=TOOLS, tool_choice="required", stream=stream)
    if stream:
        response = list(response)[-1].response
    [call] = response.output
    assert (call.type, call.name, call.arguments) == ("function_call", "get_weather",
                                                      '{"city":"Paris"}')


@pytest.mark.parametrize("prefix", ["", "/v1", "/openai", "/openai/v1"])
def test_every_base_url(steady, prefix):
    context = steady.proxy("assistant")
    for each in (address(steady) + prefix, address(steady) + context + prefix):
        with OpenAI(base_url=each, api_key=steady.secret, max_retries=0) as made:
            assert ask(made).status == "completed"


def test_the_client_for_azure(steady):
    with AzureOpenAI(azure_endpoint=address(steady), api_key=steady.secret, max_retries=0,
                     api_version="2025-04-01-preview") as made:
        assert ask(made).status == "completed"


def test_errors_have_their_classes(steady, client):
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, background=True)
    assert refused.value.param == "background"
    with pytest.raises(openai.NotFoundError) as unknown:
        ask(client, model="gpt-9")
    assert (unknown.value.code, unknown.value.param) == ("model_not_found", "model")
    with OpenAI(base_url=address(steady) + "/v1", api_key="sk-wrong-wrong-wrong-wrong",
                max_retries=0) as stranger:
        with pytest.raises(openai.AuthenticationError) as denied:
            ask(stranger)
    assert denied.value.code == "invalid_api_key"


def test_an_error_in_mid_stream_is_raised(client, mock):
    mock.behave(mode="words", words=5, drop_after_frames=2, frame_delay_ms=5)
    seen = []
    with pytest.raises(openai.APIError) as raised:
        for event in ask(client, stream=True):
            seen.append(event)
    assert text_of(seen) == "word1 word2"
    assert raised.value.code == "upstream_error"


def test_a_stream_cut_by_a_limit_is_raised(steady, client, mock):
    steady.limit("daily", 6000, enforcement="ENFORCEMENT_STRICT")
    mock.behave(mode="words", words=100_000, frame_delay_ms=1)
    with pytest.raises(openai.APIError, match="daily") as raised:
        for _ in ask(client, stream=True):
            pass
    assert raised.value.code in ("rate_limit_exceeded", "insufficient_quota")


def test_leaving_a_stream_frees_the_provider(client, mock):
    mock.behave(mode="words", words=100, frame_delay_ms=50)
    with ask(client, stream=True) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                break
    eventually(lambda: mock.open_count() == 0, within=1, what="the end upstream")


def test_unknown_members_pass_in_both_directions(client, mock):
    mock.behave(usage={"input_tokens_details": {"cached_tokens": 4}})
    response = ask(client, extra_body={"new_parameter": {"a": [1]}})
    assert response.usage.input_tokens_details.cached_tokens == 4
    assert '"new_parameter"' in mock.last()["body"]


def test_the_async_client(steady, mock):
    mock.behave(mode="words", words=3)

    async def main():
        async with AsyncOpenAI(base_url=address(steady) + "/v1", api_key=steady.secret) as made:
            whole = await made.responses.create(model=MODEL, input="hello")
            stream = await made.responses.create(model=MODEL, input="hello", stream=True)
            return whole, [event async for event in stream]
    whole, events = asyncio.run(main())
    assert whole.output_text == text_of(events) == "word1 word2 word3"
