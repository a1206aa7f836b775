"""What the mock provider can be made to do wrong, and to whom."""

import gzip
import http.client
import json
import socket
import time
import zlib

import pytest

from conftest import chat_body, raw_post, read_until


@pytest.mark.parametrize("status, kind", [(429, "requests"), (500, "server_error"),
                                          (503, "server_error"), (400, "invalid_request_error")])
@pytest.mark.parametrize("stream", [False, True])
def test_a_status_is_answered_in_openais_shape(mock, status, kind, stream):
    mock.behave(status=status, retry_after="2")
    reply = mock.chat(stream=stream)
    assert (reply.status, reply.headers["Retry-After"]) == (status, "2")
    assert reply.json()["error"]["type"] == kind
    ledger = mock.ledger()
    assert (ledger["errors"], ledger["finished"], ledger["completion_tokens"]) == (1, 0, 0)


def test_an_errors_body_can_be_given(mock):
    mock.behave(status=502, body="<html>bad gateway</html>", retry_after=7)
    reply = mock.chat()
    assert (reply.body, reply.headers["Retry-After"]) == (b"<html>bad gateway</html>", "7")


def test_an_embedding_meets_the_behaviour_too(mock):
    mock.behave(status=500)
    assert mock.post("/v1/embeddings", {"model": "e", "input": "x"}).status == 500


def test_timed_behaviours_queue_before_the_lasting_one(mock):
    mock.behave(mode="words", words=1)
    mock.behave(status=500, times=2)
    mock.behave(status=429, times=1)
    assert [mock.chat().status for _ in range(4)] == [500, 500, 429, 200]
    assert mock.chat().json()["usage"]["completion_tokens"] == 1


def test_a_models_behaviour_goes_before_the_global_one(mock):
    mock.behave(status=500)
    mock.behave(model="good", mode="words", words=2)
    mock.behave(model="good", status=404, times=1)
    assert [mock.chat(model=m).status for m in ("bad", "good", "good")] == [500, 404, 200]
    mock.behave(status=418, times=1)
    assert [mock.chat(model=m).status for m in ("good", "good")] == [418, 200]


def test_refused_requests_use_up_nothing(mock):
    mock.behave(status=500, times=1)
    assert mock.request("POST", "/v1/chat/completions", "{").status == 400
    assert mock.request("GET", "/v1/models").status == 200
    assert mock.chat().status == 500


def test_deleting_the_behaviour_heals(mock):
    mock.behave(status=500)
    mock.behave(status=501, times=5)
    mock.behave(model="m", status=502)
    mock.control("DELETE", "/behaviour")
    assert mock.chat(model="m").status == 200


@pytest.mark.parametrize("behaviour, named", [
    ({"mood": "bad"}, "mood"), ({"status": 99}, "status"), ({"status": "500"}, "status"),
    ({"mode": "loud"}, "mode"), ({"words": -1}, "words"), ({"tools": 1}, "tools"),
    ({"times": 0}, "times"), ({"usage": 3}, "usage"), ({"usage": {"prompt_tokens": -1}}, "prompt"),
    ({"content_encoding": "br"}, "content_encoding"), ({"extra_headers": []}, "extra_headers"),
    ({"extra_headers": {"A": "b\r\nC: d"}}, "extra_headers"), ({"retry_after": "1\n"}, "retry"),
    ([], "body")])
def test_a_bad_behaviour_is_refused_by_name(mock, behaviour, named):
    assert named in mock.control("POST", "/behaviour", behaviour, want=400)["error"]
    assert mock.chat().status == 200


def test_latency_is_before_the_first_byte(mock):
    mock.behave(latency_ms=150)
    for stream in (False, True):
        start = time.monotonic()
        with mock.connect() as sock:
            sock.sendall(raw_post(chat_body(stream=stream)))
            sock.recv(1)
            assert 0.14 < time.monotonic() - start < 1


def test_frames_are_paced(mock):
    mock.behave(mode="words", words=5, frame_delay_ms=60)
    with mock.open_stream() as sock:
        start = time.monotonic()
        seen, times = b"", []
        while b"[DONE]" not in seen:
            seen += sock.recv(65536)
            times += [time.monotonic() - start] * (seen.count(b"word") - len(times))
    assert len(times) == 5
    for i, at in enumerate(times):
        assert i * 0.06 - 0.01 < at < i * 0.06 + 0.25
    assert time.monotonic() - start > 0.29


@pytest.mark.parametrize("frames", [0, 1, 3, 5])
@pytest.mark.parametrize("delay", [0, 10])
def test_a_stream_is_dropped_after_so_many_frames(mock, frames, delay):
    mock.behave(mode="words", words=5, drop_after_frames=frames, frame_delay_ms=delay)
    with mock.open_stream() as sock:
        body = read_until(sock, b"never")
    assert body.count(b'"content":"') - 1 == frames  # The role frame has an empty one.
    assert b"[DONE]" not in body and not body.endswith(b"0\r\n\r\n")
    last = mock.last()
    assert (last["outcome"], last["frames_sent"]) == ("dropped", frames)
    assert (last["prompt_tokens"], last["completion_tokens"]) == (10, frames)
    ledger = mock.ledger()
    assert (ledger["dropped"], ledger["dropped_completion_tokens"]) == (1, frames)
    assert (ledger["finished"], ledger["completion_tokens"], ledger["aborted"]) == (0, 0, 0)


def test_a_drop_can_reset(mock):
    mock.behave(mode="words", words=5, drop_after_frames=2, reset=True)
    with mock.open_stream() as sock, pytest.raises(ConnectionResetError):
        read_until(sock, b"never")


@pytest.mark.parametrize("behaviour", [{}, {"status": 500}, {"latency_ms": 50}])
@pytest.mark.parametrize("stream", [False, True])
def test_a_connection_is_dropped_before_the_answer(mock, behaviour, stream):
    mock.behave(drop_before_answer=True, **behaviour)
    with pytest.raises(http.client.RemoteDisconnected):
        mock.chat(stream=stream)
    last = mock.last()
    assert (last["outcome"], last["status"], last["prompt_tokens"]) == ("dropped", 0, 0)


def test_an_answer_can_be_gzipped_unasked(mock):
    mock.behave(mode="words", words=3, content_encoding="gzip")
    reply = mock.chat(headers={"Accept-Encoding": "identity"})
    assert reply.headers["Content-Encoding"] == "gzip"
    text = json.loads(gzip.decompress(reply.body))["choices"][0]["message"]["content"]
    assert text == "word1 word2 word3"


def test_a_gzipped_stream_can_be_read_frame_by_frame(mock):
    mock.behave(mode="words", words=3, content_encoding="gzip", frame_delay_ms=100)
    client = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=10)
    client.request("POST", "/v1/chat/completions", json.dumps(chat_body(stream=True)))
    response = client.getresponse()
    decoder = zlib.decompressobj(31)
    first = decoder.decompress(response.read1())
    assert b"word1" in first or b"word1" in decoder.decompress(response.read1())
    rest = decoder.decompress(response.read())
    assert rest.endswith(b"data: [DONE]\n\n") and decoder.eof
    client.close()


def test_json_can_be_malformed(mock):
    mock.behave(malformed_json=True)
    reply = mock.chat()
    assert reply.status == 200 and len(reply.body) == int(reply.headers["Content-Length"])
    with pytest.raises(json.JSONDecodeError):
        reply.json()
    events = mock.chat(stream=True).events()
    assert events[-1] == "[DONE]"
    for event in events[:-1]:
        with pytest.raises(json.JSONDecodeError):
            json.loads(event)


def test_content_length_can_be_a_lie(mock):
    mock.behave(truncate_content_length=True)
    with pytest.raises(http.client.IncompleteRead):
        mock.chat()
    assert mock.last()["outcome"] == "dropped"
    assert mock.ledger()["dropped_completion_tokens"] == 20


def test_never_answer_waits_for_the_client(mock):
    mock.behave(never_answer=True)
    with mock.connect() as sock:
        sock.sendall(raw_post(chat_body()))
        sock.settimeout(0.3)
        with pytest.raises(socket.timeout):
            sock.recv(1)
        assert mock.open_count() == 1


def test_extra_headers_come_as_given(mock):
    mock.behave(extra_headers={"Set-Cookie": ["a=1", "b=2"], "X-Org": "acme"})
    for stream in (False, True):
        headers = mock.chat(stream=stream).headers
        assert headers.get_all("Set-Cookie") == ["a=1", "b=2"] and headers["X-Org"] == "acme"
