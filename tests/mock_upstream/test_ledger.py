"""The mock's books: sums, aborted streams, the request log."""

import concurrent.futures
import socket
import time

import pytest

from conftest import CHAT, chat_body, eventually, raw_post, read_reply, read_until


def test_sums_and_models(mock):
    mock.behave(mode="words", words=4, prompt_tokens=6)
    for model, stream in (("a", False), ("a", True), ("b", False)):
        mock.chat(model=model, stream=stream)
    ledger = mock.ledger()
    assert (ledger["requests"], ledger["finished"]) == (3, 3)
    assert (ledger["prompt_tokens"], ledger["completion_tokens"]) == (18, 12)
    assert ledger["by_model"]["a"]["requests"] == 2
    assert ledger["by_model"]["a"]["completion_tokens"] == 8
    assert ledger["by_model"]["b"]["prompt_tokens"] == 6


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_a_client_that_leaves_in_mid_stream_is_booked_within_a_second(mock, frames):
    mock.behave(mode="words", words=50, frame_delay_ms=100)
    sock = mock.open_stream()
    read_until(sock, f"word{frames}\"".encode())
    assert mock.open_count() == 1
    sock.close()
    # Sooner than the next frame would have told.
    assert eventually(lambda: mock.open_count() == 0) < 0.09
    last = mock.last()
    assert (last["outcome"], last["frames_sent"], last["completion_tokens"]) == (
        "aborted", frames, frames)
    ledger = mock.ledger()
    assert ledger["aborted"] == 1
    assert (ledger["aborted_prompt_tokens"], ledger["aborted_completion_tokens"]) == (10, frames)
    assert (ledger["finished"], ledger["prompt_tokens"], ledger["completion_tokens"]) == (0, 0, 0)


@pytest.mark.parametrize("behaviour", [{"latency_ms": 60000}, {"never_answer": True}])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("leave", ["close", "reset", "half"])
def test_a_client_that_leaves_before_the_first_byte_is_noticed(mock, behaviour, stream, leave):
    mock.behave(**behaviour)
    sock = mock.connect()
    sock.sendall(raw_post(chat_body(stream=stream)))
    eventually(lambda: mock.open_count() == 1)
    if leave == "reset":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    if leave == "half":
        sock.shutdown(socket.SHUT_WR)
    else:
        sock.close()
    eventually(lambda: mock.open_count() == 0)
    sock.close()
    last = mock.last()
    assert (last["outcome"], last["status"]) == ("aborted", 0)
    assert (last["prompt_tokens"], last["completion_tokens"]) == (0, 0)


def test_a_stream_cut_within_one_big_write_counts_the_frames_that_went_out(mock):
    mock.behave(mode="words", words=90000)  # More than the sockets' buffers hold.
    with mock.connect() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        sock.sendall(raw_post(chat_body(stream=True)))
        read_until(sock, b'word200"')
        time.sleep(0.1)
        assert mock.open_count() == 1
    eventually(lambda: mock.open_count() == 0)
    last = mock.last()
    assert last["outcome"] == "aborted"
    assert 200 <= last["frames_sent"] < 90000
    assert mock.ledger()["aborted_completion_tokens"] == last["frames_sent"]


def test_requests_sent_while_an_answer_waits_are_answered_after_it(mock):
    mock.behave(mode="echo", latency_ms=100)
    with mock.connect() as sock:
        sock.sendall(raw_post(chat_body("one")))
        time.sleep(0.02)
        second = raw_post(chat_body("two"))
        sock.sendall(second[:40])
        time.sleep(0.2)
        sock.sendall(second[40:])
        answers = [read_reply(sock).json()["choices"][0]["message"]["content"] for _ in range(2)]
    assert answers == ["one", "two"]


def test_the_log_holds_what_came(mock):
    body = '{"model": "m", "messages": [{"role": "user", "content": "hé"}]}'.encode()
    extra = "X-Request-Id: abc-1\r\nx-twice: 1\r\nX-Twice:  2 \r\n"
    before = time.time_ns() // 1000
    with mock.connect() as sock:
        sock.sendall(raw_post(None, CHAT + "?a=b", extra, body))
        assert read_reply(sock).status == 200
    last = mock.last()
    assert (last["method"], last["target"], last["model"]) == ("POST", CHAT + "?a=b", "m")
    assert last["headers"] == [["Host", "mock"], ["X-Request-Id", "abc-1"], ["x-twice", "1"],
                               ["X-Twice", "2"], ["Content-Length", str(len(body))]]
    assert last["body"].encode() == body and last["body_cut"] is False
    assert last["correlation"] == "abc-1"
    assert before - 1 <= last["started_at_us"] <= last["finished_at_us"] <= time.time_ns() // 1000
    assert (last["outcome"], last["status"]) == ("finished", 200)
    assert (last["prompt_tokens"], last["completion_tokens"]) == (10, 20)


def test_long_bodies_are_cut_in_the_log(mock):
    assert mock.chat("é" * 70000).status == 200
    last = mock.last()
    assert last["body_cut"] is True and 65000 < len(last["body"].encode()) <= 65536


def test_the_log_shows_open_requests_and_keeps_order(mock):
    mock.chat(model="first")
    mock.behave(never_answer=True)
    with mock.connect() as sock:
        sock.sendall(raw_post(chat_body(model="second")))
        eventually(lambda: mock.open_count() == 1)
        log = mock.control("GET", "/requests")["requests"]
    assert [(r["model"], r["outcome"]) for r in log] == [("first", "finished"), ("second", "open")]
    assert log[0]["serial"] + 1 == log[1]["serial"]


def test_limit(mock):
    for model in "abcd":
        mock.chat(model=model)
    log = mock.control("GET", "/requests?limit=2")["requests"]
    assert [r["model"] for r in log] == ["c", "d"]
    assert mock.control("GET", "/requests?limit=0")["requests"] == []
    for query in ("?limit=x", "?limit=-1", "?limit=", "?count=1"):
        mock.control("GET", "/requests" + query, want=400)


def test_the_log_is_a_ring(start_mock):
    mock = start_mock("--request-log", "3")
    for model in "abcde":
        mock.chat(model=model)
    log = mock.control("GET", "/requests")["requests"]
    assert [r["model"] for r in log] == ["c", "d", "e"]


def test_without_a_log_the_sums_go_on(start_mock):
    mock = start_mock("--no-request-log")
    mock.chat()
    assert mock.control("GET", "/requests") == {"requests": []}
    assert mock.ledger()["completion_tokens"] == 20


def test_a_reset_forgets_open_exchanges(mock):
    mock.behave(mode="words", words=3, frame_delay_ms=100)
    with mock.open_stream() as sock:
        read_until(sock, b"word1")
        mock.control("DELETE", "/ledger")
        assert mock.open_count() == 1
        read_until(sock, b"[DONE]")
    eventually(lambda: mock.open_count() == 0)
    ledger = mock.ledger()
    assert (ledger["requests"], ledger["finished"], ledger["completion_tokens"]) == (0, 0, 0)
    assert mock.control("GET", "/requests") == {"requests": []}


@pytest.mark.parametrize("threads", ["1", "2"])
def test_the_books_hold_what_clients_have_read(start_mock, threads):
    mock = start_mock("--threads", threads)
    mock.behave(mode="words", words=3)
    for count in range(1, 201):  # Each look right after the last byte.
        mock.chat(stream=count % 2 == 0)
        ledger = mock.ledger()
        assert (ledger["finished"], ledger["completion_tokens"]) == (count, 3 * count)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda i: mock.chat(stream=i % 2 == 0).status, range(400)))
    assert replies == [200] * 400
    ledger = mock.ledger()
    assert (ledger["requests"], ledger["finished"]) == (600, 600)
    assert (ledger["prompt_tokens"], ledger["completion_tokens"]) == (6000, 1800)


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/nothing", 404), ("GET", "/behaviour", 405), ("POST", "/ledger", 405),
    ("DELETE", "/requests", 405), ("POST", "/healthz", 405)])
def test_control_refuses_what_it_does_not_know(mock, method, path, status):
    mock.control(method, path, want=status)


def test_healthz(mock):
    assert mock.control("GET", "/healthz") == {"status": "ok"}
