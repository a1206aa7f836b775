"""The mock's HTTP: framing of requests, keep-alive, refusals, TLS, the process."""

import json
import signal
import ssl
import subprocess
import time

import pytest

from conftest import CHAT, Mock, chat_body, find_binary, raw_post, read_reply, read_until

BODY = json.dumps(chat_body()).encode()


def chunked(body, size=7):
    pieces = [body[i:i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


def test_a_connection_serves_many_requests(mock):
    with mock.connect() as sock:
        for stream in (False, True, True, False):
            sock.sendall(raw_post(chat_body(stream=stream)))
            assert read_reply(sock).status == 200
    assert mock.ledger()["finished"] == 4


def test_pipelined_requests_are_answered_in_order(mock):
    mock.behave(mode="echo")
    with mock.connect() as sock:
        sock.sendall(b"".join(raw_post(chat_body(f"text{i}")) for i in range(20)))
        seen = read_until(sock, b"text19")
    assert [seen.index(b"text%d\"" % i) for i in range(20)] == sorted(
        seen.index(b"text%d\"" % i) for i in range(20))


def test_a_request_may_come_byte_by_byte(mock):
    with mock.connect() as sock:
        for byte in raw_post(chat_body("x")):
            sock.send(bytes([byte]))
        assert read_reply(sock).status == 200


def test_a_chunked_request_body_is_joined(mock):
    mock.behave(mode="echo")
    raw = raw_post(None, extra="Transfer-Encoding: chunked\r\n", body=chunked(BODY))
    for cut in (len(raw), 10, len(raw) - 30, len(raw) - 3):
        with mock.connect() as sock:
            sock.sendall(raw[:cut])
            time.sleep(0.01)
            sock.sendall(raw[cut:] + raw_post(chat_body("after")))
            seen = read_until(sock, b'"content":"after"')
        assert seen.count(b'"content":') == 2 and b'"content":"hi there"' in seen
    assert mock.control("GET", "/requests?limit=2")["requests"][0]["body"].encode() == BODY


def test_a_big_body_is_read(mock):
    mock.behave(mode="echo")
    text = "x" * 3_000_000
    assert mock.chat(text).json()["choices"][0]["message"]["content"] == text


@pytest.mark.parametrize("extra, body", [("", BODY),
                                         ("Transfer-Encoding: chunked\r\n", chunked(BODY))])
def test_expect_100_continue_is_answered(mock, extra, body):
    raw = raw_post(None, extra="Expect: 100-continue\r\n" + extra, body=body)
    head, _, rest = raw.partition(b"\r\n\r\n")
    with mock.connect() as sock:
        sock.sendall(head + b"\r\n\r\n")
        assert sock.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(rest)
        assert read_reply(sock).status == 200


@pytest.mark.parametrize("raw, status", [
    (b"nonsense\r\n\r\n", 400),
    (raw_post(None, extra="Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", body=b"x"), 400),
    (raw_post(None, extra="Content-Length: 3\r\n", body=b"{}"), 400),
    (raw_post(None, extra="Transfer-Encoding: chunked\r\n", body=b"zz\r\n"), 400),
    (raw_post(None, extra="X-Long: " + "x" * 40000 + "\r\n", body=b"{}"), 431),
    (b"POST %s HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n" % CHAT.encode(), 413),
])
def test_broken_requests_are_refused_and_the_connection_closed(mock, raw, status):
    with mock.connect() as sock:
        sock.sendall(raw)
        reply = read_reply(sock)
        assert (reply.status, reply.headers["Connection"]) == (status, "close")
        assert sock.recv(1) == b""
    assert mock.last()["outcome"] == "error"


@pytest.mark.parametrize("encoding, status", [("gzip", 415), ("br", 415), ("identity", 200)])
def test_encoded_bodies_are_refused(mock, encoding, status):
    assert mock.chat(headers={"Content-Encoding": encoding}).status == status


@pytest.mark.parametrize("stream", [False, True])
def test_connection_close_is_honoured(mock, stream):
    with mock.connect() as sock:
        sock.sendall(raw_post(chat_body(stream=stream), extra="Connection: close\r\n"))
        assert read_reply(sock).headers["Connection"] == "close"
        assert sock.recv(1) == b""


def test_http_1_0(mock):
    for extra, kept in ((b"", "close"), (b"Connection: keep-alive\r\n", "keep-alive")):
        with mock.connect() as sock:
            sock.sendall(raw_post(chat_body(), extra=extra.decode()).replace(b"/1.1", b"/1.0", 1))
            assert read_reply(sock).headers["Connection"] == kept
    with mock.connect() as sock:
        sock.sendall(raw_post(chat_body(stream=True)).replace(b"/1.1", b"/1.0", 1))
        assert read_reply(sock).status == 400


def certificate(folder):
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj", "/CN=mock",
                    "-addext", "subjectAltName=DNS:mock", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return str(cert), str(key)


def test_tls(start_mock, tmp_path):
    cert, key = certificate(tmp_path)
    mock = start_mock("--tls-cert", cert, "--tls-key", key)
    context = ssl.create_default_context(cafile=cert)
    with context.wrap_socket(mock.connect(), server_hostname="mock") as sock:
        for stream in (False, True):
            sock.sendall(raw_post(chat_body(stream=stream)))
            assert read_reply(sock).status == 200
        mock.behave(mode="words", words=50, frame_delay_ms=50)
        sock.sendall(raw_post(chat_body(stream=True)))
        read_until(sock, b"word3")
    deadline = time.monotonic() + 1
    while mock.open_count() and time.monotonic() < deadline:
        time.sleep(0.01)
    last = mock.last()
    assert (last["outcome"], last["frames_sent"]) == ("aborted", last["completion_tokens"])
    assert 3 <= last["frames_sent"] <= 4
    assert mock.ledger()["finished"] == 2


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_even_with_open_streams(end):
    mock = Mock()
    mock.behave(mode="words", words=50, frame_delay_ms=100)
    with mock.open_stream() as sock:
        read_until(sock, b"word2")
        mock.process.send_signal(end)
        assert mock.process.wait(timeout=2) == 0
    mock.process.stdout.close()


@pytest.mark.parametrize("options", [
    ["--listen", "nowhere"], ["--listen", "127.0.0.1:99999"], ["--listen", "no.ip:0"],
    ["--threads", "0"], ["--threads", "two"], ["--wat", "1"], ["--api-key"],
    ["--tls-cert", "/none"], ["--tls-cert", "/none", "--tls-key", "/none"],
    ["--answer", "/none"]])
def test_bad_options_are_refused(options):
    ports = [] if "--listen" in options else ["--listen", "127.0.0.1:0"]
    run = subprocess.run([find_binary(), *ports, "--control", "127.0.0.1:0", *options],
                         capture_output=True, text=True, timeout=10)
    assert run.returncode in (1, 2) and "mock_upstream: " in run.stderr and run.stdout == ""


def test_a_taken_port_is_named(mock):
    run = subprocess.run([find_binary(), "--listen", f"127.0.0.1:{mock.port}"],
                         capture_output=True, text=True, timeout=10)
    assert run.returncode == 1 and f":{mock.port}" in run.stderr
