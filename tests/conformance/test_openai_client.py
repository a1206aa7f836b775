"""The official OpenAI client, unmodified: base_url and api_key are all that is set."""

import asyncio
import time

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from weir_harness.settings import patience
from weir_harness.tenant import MODEL, REQUESTS, Tenant
from weir_harness.waiting import at_once, eventually
from weir_harness.wire import REQUEST_ID

HELLO = [{"role": "user", "content": "hello"}]
TOOLS = [{"type": "function", "function": {
    "name": "get_weather", "parameters": {"type": "object",
                                          "properties": {"city": {"type": "string"}}}}}]


def base_url(tenant, prefix="/v1"):
    return f"http://{tenant.gateway.http.host}:{tenant.gateway.http.port}{prefix}"


@pytest.fixture
def connect():
    """Makes clients; arguments beside the tenant are the client's own."""
    made = []

    def make(tenant, prefix="/v1", **options):
        options = {"api_key": tenant.secret, "max_retries": 0, **options}
        made.append(OpenAI(base_url=base_url(tenant, prefix), **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def steady(new_tenant):
    """A tenant whose models are never left out."""
    return new_tenant(model={"suspend_duration": "0s"})


@pytest.fixture
def client(steady, connect):
    return connect(steady)


def run(tenant, call, **options):
    """The result of `call(client)` with the async client."""
    async def main():
        options_here = {"api_key": tenant.secret, "max_retries": 0, **options}
        async with AsyncOpenAI(base_url=base_url(tenant), **options_here) as client:
            return await call(client)
    return asyncio.run(main())


def text_of(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_C_6_chat(client):
    answer = client.chat.completions.create(model=MODEL, messages=HELLO)
    assert answer.id == "chatcmpl-mock777" and answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.content.startswith("Hello!")
    assert answer.usage.total_tokens == 30


@pytest.mark.parametrize("prefix", ["", "/v1", "{context}", "{context}/v1"])
def test_C_6_chat_under_every_base_url(steady, connect, prefix):
    client = connect(steady, prefix.format(context=steady.proxy("sdk")))
    assert client.chat.completions.create(model=MODEL, messages=HELLO).usage.total_tokens == 30


def test_C_6_stream(client, mock):
    mock.behave(mode="words", words=4)
    chunks = list(client.chat.completions.create(model=MODEL, messages=HELLO, stream=True))
    assert text_of(chunks) == "word1 word2 word3 word4"
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_C_6_stream_with_usage(client):
    chunks = list(client.chat.completions.create(
        model=MODEL, messages=HELLO, stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens == 30


def test_C_6_the_stream_helper(client, mock):
    mock.behave(mode="words", words=3)
    with client.chat.completions.stream(model=MODEL, messages=HELLO) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        assert "".join(deltas) == "word1 word2 word3"
        assert stream.get_final_completion().choices[0].message.content == "word1 word2 word3"


def test_C_6_tools(client):
    answer = client.chat.completions.create(model=MODEL, messages=HELLO, tools=TOOLS,
                                            tool_choice="required")
    call, = answer.choices[0].message.tool_calls
    assert (call.function.name, call.function.arguments) == ("get_weather", '{"city":"Paris"}')
    messages = [*HELLO, answer.choices[0].message,
                {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    final = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
    assert final.choices[0].message.content.startswith("Hello!")


def test_C_6_tools_in_a_stream(client):
    with client.chat.completions.stream(model=MODEL, messages=HELLO, tools=TOOLS,
                                        tool_choice="required") as stream:
        call, = stream.get_final_completion().choices[0].message.tool_calls
    assert (call.function.name, call.function.arguments) == ("get_weather", '{"city":"Paris"}')


@pytest.mark.parametrize("coding", [None, "float", "base64"])
def test_C_6_embeddings(client, coding):
    """Without a coding the client asks for base64 and decodes it by itself."""
    options = {} if coding is None else {"encoding_format": coding}
    answer = client.embeddings.create(model=MODEL, input=["one two", "three"], **options)
    assert len(answer.data) == 2 and answer.usage.total_tokens == 3
    if coding != "base64":
        assert sum(x * x for x in answer.data[0].embedding) == pytest.approx(1, abs=1e-4)


def test_C_6_models(client):
    assert [model.id for model in client.models.list()] == [MODEL]
    assert client.models.retrieve(MODEL).object == "model"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-9")


def refusal(kind, call):
    """The error of a call, which must be of exactly this class, with all its parts."""
    with pytest.raises(openai.APIStatusError) as raised:
        call()
    error = raised.value
    assert type(error) is kind, (type(error), error)  # pylint: disable=unidiomatic-typecheck
    assert REQUEST_ID.fullmatch(error.request_id)
    assert error.response.headers["x-request-id"] == error.request_id
    assert isinstance(error.body, dict) and error.body["message"] in str(error)
    return error


def chat(client, **more):
    return lambda: client.chat.completions.create(**{"model": MODEL, "messages": HELLO, **more})


def test_C_6_400_bad_request(client):
    error = refusal(openai.BadRequestError, chat(client, messages=[]))
    assert error.param == "messages" and error.type == "invalid_request_error"
    error = refusal(openai.BadRequestError, chat(client, max_tokens=-1))
    assert error.param == "max_tokens"


def test_C_6_401_authentication(steady, connect):
    wrong = connect(steady, api_key="sk-wrong-wrong-wrong-wrong")
    error = refusal(openai.AuthenticationError, chat(wrong))
    assert error.code == "invalid_api_key" and "sk-wrong" not in str(error)


def test_C_6_403_permission_denied(steady, connect):
    bound = connect(steady, api_key=steady.key(allowed_models=["another"]))
    assert refusal(openai.PermissionDeniedError, chat(bound)).code == "permission_denied"


def test_C_6_404_not_found(steady, client, connect):
    error = refusal(openai.NotFoundError, chat(client, model="gpt-9"))
    assert (error.code, error.param) == ("model_not_found", "model")
    elsewhere = connect(steady, "/no-such-context")
    assert refusal(openai.NotFoundError, chat(elsewhere)).code == "unknown_url"


@pytest.mark.parametrize("status, kind", [
    (409, openai.ConflictError), (422, openai.UnprocessableEntityError),
    (400, openai.BadRequestError)])
def test_C_6_a_providers_4xx_keeps_its_class(client, mock, status, kind):
    mock.behave(status=status)
    assert refusal(kind, chat(client)).type == "invalid_request_error"


def test_C_6_429_rate_limit(steady, client):
    steady.limit("calls", 1, REQUESTS, period="60s")
    chat(client)()
    error = refusal(openai.RateLimitError, chat(client))
    assert error.code == "rate_limit_exceeded" and error.type == "requests"
    assert 0 < int(error.response.headers["retry-after"]) <= 60


def test_C_6_429_an_exhausted_budget_is_not_tried_again(steady, connect, mock):
    steady.limit("daily", 30)
    retrying = connect(steady, max_retries=2)
    chat(retrying, max_tokens=20)()
    began = time.monotonic()
    error = refusal(openai.RateLimitError, chat(retrying, max_tokens=20))
    assert error.code == "insufficient_quota"
    assert time.monotonic() - began < patience(0.4)  # The first retry waits for 0.5 s or more.
    assert mock.ledger()["requests"] == 1


@pytest.mark.parametrize("behaviour", [{"status": 500}, {"status": 503}, {"status": 401},
                                       {"drop_before_answer": True}])
def test_C_6_5xx_internal_server(client, mock, behaviour):
    mock.behave(**behaviour)
    assert refusal(openai.InternalServerError, chat(client)).code.startswith("upstream_")


def test_C_6_503_all_models_out(tenant, connect, mock):
    client = connect(tenant)
    mock.behave(status=500)
    for _ in range(2):
        error = refusal(openai.InternalServerError, chat(client))
    assert error.status_code == 503
    assert error.body["message"] == "All models are currently unavailable"


def test_C_6_504_upstream_timed_out(new_tenant, connect, mock):
    tenant = new_tenant(provider={"timeouts": {"first_byte": "0.3s"}})
    mock.behave(latency_ms=5000)
    error = refusal(openai.InternalServerError, chat(connect(tenant)))
    assert (error.status_code, error.body["message"]) == (504, "upstream timed out")


def test_C_6_the_clients_own_retries_succeed(steady, connect, mock):
    mock.behave(status=500, times=1)
    mock.behave(status=429, retry_after=1, times=1)
    assert chat(connect(steady, max_retries=2))().usage.total_tokens == 30
    assert mock.ledger()["requests"] == 3


def test_C_6_a_client_that_times_out_frees_the_provider(steady, connect, mock):
    mock.behave(latency_ms=10_000)
    with pytest.raises(openai.APITimeoutError):
        chat(connect(steady, timeout=0.3))()
    eventually(lambda: mock.open_count() == 0, within=1, what="the end upstream")


def test_C_6_a_gateway_that_dies_is_a_connection_error(own_gateway, mock, connect):
    gateway = own_gateway()
    tenant = Tenant(gateway, mock)
    client = connect(tenant)
    mock.behave(latency_ms=10_000)

    def end(_):
        eventually(lambda: mock.open_count() == 1, what="the call upstream")
        gateway.process.kill()

    def call(_):
        with pytest.raises(openai.APIConnectionError):
            chat(client)()
        with pytest.raises(openai.APIConnectionError):
            chat(client)()  # Nobody listens any more.
    at_once(2, lambda index: (end, call)[index](index))


def test_C_6_an_error_in_mid_stream_is_raised(client, mock):
    mock.behave(mode="words", words=5, drop_after_frames=2, frame_delay_ms=5)
    seen = []
    with pytest.raises(openai.APIError) as raised:
        for chunk in chat(client, stream=True)():
            seen.append(chunk)
    assert text_of(seen) == "word1 word2"
    assert raised.value.code == "upstream_error"


def test_C_6_an_error_before_a_stream_is_a_status(client):
    refusal(openai.NotFoundError, chat(client, stream=True, model="gpt-9"))


def test_C_6_leaving_a_stream_frees_the_provider(client, mock):
    mock.behave(mode="words", words=100, frame_delay_ms=50)
    with chat(client, stream=True)() as stream:
        for chunk in stream:
            if chunk.choices[0].delta.content == "word1":
                break
    eventually(lambda: mock.open_count() == 0, within=1, what="the end upstream")


def test_C_6_request_ids_and_rate_limit_headers(steady, client):
    steady.limit("tokens", 1000, period="60s")
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=HELLO)
    answer = raw.parse()
    assert REQUEST_ID.fullmatch(raw.request_id)
    assert answer._request_id == raw.request_id  # pylint: disable=protected-access
    assert raw.headers["x-ratelimit-limit-tokens"] == "1000"
    again = client.chat.completions.with_raw_response.create(
        model=MODEL, messages=HELLO, extra_headers={"X-Client-Request-Id": raw.request_id})
    assert again.request_id != raw.request_id


def test_C_6_unknown_members_pass_in_both_directions(client, mock):
    mock.behave(usage={"prompt_tokens_details": {"cached_tokens": 4}})
    answer = chat(client, extra_body={"new_parameter": {"a": [1]}})()
    assert answer.usage.prompt_tokens_details.cached_tokens == 4
    assert '"new_parameter"' in mock.last()["body"]


def test_C_6_async_chat_stream_and_embeddings(steady, mock):
    mock.behave(mode="words", words=3)

    async def call(client):
        answer = await client.chat.completions.create(model=MODEL, messages=HELLO)
        stream = await client.chat.completions.create(model=MODEL, messages=HELLO, stream=True)
        chunks = [chunk async for chunk in stream]
        embedded = await client.embeddings.create(model=MODEL, input="one two")
        models = [model.id async for model in client.models.list()]
        return answer, chunks, embedded, models
    answer, chunks, embedded, models = run(steady, call)
    assert answer.choices[0].message.content == text_of(chunks) == "word1 word2 word3"
    assert embedded.usage.total_tokens == 2 and models == [MODEL]


def test_C_6_async_many_at_once(steady, mock):
    mock.behave(mode="words", words=5, frame_delay_ms=10)

    async def one(client):
        stream = await client.chat.completions.create(model=MODEL, messages=HELLO, stream=True)
        return text_of([chunk async for chunk in stream])

    async def call(client):
        return await asyncio.gather(*(one(client) for _ in range(50)))
    assert run(steady, call) == ["word1 word2 word3 word4 word5"] * 50
    assert steady.settled(50).output == 250


@pytest.mark.parametrize("options, more, kind", [
    ({}, {"messages": []}, openai.BadRequestError),
    ({"api_key": "sk-wrong-wrong-wrong-wrong"}, {}, openai.AuthenticationError),
    ({}, {"model": "gpt-9"}, openai.NotFoundError)])
def test_C_6_async_errors(steady, options, more, kind):
    with pytest.raises(kind) as raised:
        run(steady, lambda client: chat(client, **more)(), **options)
    assert REQUEST_ID.fullmatch(raised.value.request_id)


def test_C_6_async_cancellation_frees_the_provider(steady, mock):
    mock.behave(latency_ms=10_000)

    async def call(client):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(chat(client)(), 0.3)
    run(steady, call)
    eventually(lambda: mock.open_count() == 0, within=1, what="the end upstream")
