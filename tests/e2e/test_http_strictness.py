"""HTTP read strictly: what parsers disagree about is refused, and the connection closed."""

import json
import re
import time

import pytest

from weir_harness import raw
from weir_harness.settings import patience
from weir_harness.upstream import chat_body
from weir_harness.wire import check_error

# An edge reads its connections alike wherever its services are; most of these wait for what does not come.
pytestmark = pytest.mark.standalone

BODY = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}'
LENGTH = f"Content-Length: {len(BODY)}"
CHUNKED = raw.chunked(BODY)


def framed(*lines, body=BODY):
    """A request whose framing is exactly these header lines."""
    return lambda key: b"\r\n".join(
        [b"POST /v1/chat/completions HTTP/1.1", b"Authorization: Bearer " + key.encode(),
         b"Content-Type: application/json",
         *(line if isinstance(line, bytes) else line.encode() for line in lines)]
    ) + b"\r\n\r\n" + body


def altered(old, new):
    """A good request with something replaced."""
    def build(key):
        good = framed("Host: weir", LENGTH)(key)
        assert old in good
        return good.replace(old, new, 1)
    return build


def chunks(body):
    return framed("Host: weir", "Transfer-Encoding: chunked", body=body)


SMUGGLING = {
    "length and chunked": framed("Host: weir", LENGTH, "Transfer-Encoding: chunked", body=CHUNKED),
    "chunked and length": framed("Host: weir", "Transfer-Encoding: chunked", LENGTH, body=CHUNKED),
    "two lengths": framed("Host: weir", LENGTH, "Content-Length: 5"),
    "the same length twice": framed("Host: weir", LENGTH, LENGTH),
    "a list of lengths": framed("Host: weir", f"{LENGTH}, {len(BODY)}"),
    "length with a plus": framed("Host: weir", f"Content-Length: +{len(BODY)}"),
    "length with a minus": framed("Host: weir", "Content-Length: -1"),
    "length in hex": framed("Host: weir", f"Content-Length: {len(BODY):#x}"),
    "length with a space inside": framed("Host: weir", "Content-Length: 6 7"),
    "length with a point": framed("Host: weir", f"Content-Length: {len(BODY)}.0"),
    "empty length": framed("Host: weir", "Content-Length:"),
    "length beyond 64 bits": framed("Host: weir", "Content-Length: 18446744073709551617"),
    "chunked not last": framed("Host: weir", "Transfer-Encoding: chunked, gzip", body=CHUNKED),
    "gzip then chunked": framed("Host: weir", "Transfer-Encoding: gzip, chunked", body=CHUNKED),
    "chunked twice": framed("Host: weir", "Transfer-Encoding: chunked, chunked", body=CHUNKED),
    "two codings": framed("Host: weir", "Transfer-Encoding: chunked",
                          "Transfer-Encoding: identity", body=CHUNKED),
    "identity": framed("Host: weir", "Transfer-Encoding: identity"),
    "unknown coding": framed("Host: weir", "Transfer-Encoding: xchunked", body=CHUNKED),
    "coding in quotes": framed("Host: weir", 'Transfer-Encoding: "chunked"', body=CHUNKED),
    "coding with a vertical tab": framed("Host: weir", b"Transfer-Encoding: \x0bchunked",
                                         body=CHUNKED),
    "coding with a parameter": framed("Host: weir", "Transfer-Encoding: chunked;q=1",
                                      body=CHUNKED),
    "folded line": framed("Host: weir", LENGTH, "X-Fold: a", " b"),
    "folded coding": framed("Host: weir", "Transfer-Encoding:", " chunked", body=CHUNKED),
    "first line folded": altered(b"HTTP/1.1\r\n", b"HTTP/1.1\r\n X: y\r\n"),
    "space before the colon": framed("Host: weir", f"Content-Length : {len(BODY)}"),
    "tab before the colon": framed("Host: weir", "Transfer-Encoding\t: chunked", body=CHUNKED),
    "line without a colon": framed("Host: weir", LENGTH, "nonsense"),
    "empty name": framed("Host: weir", LENGTH, ": value"),
    "name with a slash": framed("Host: weir", LENGTH, "X/Y: value"),
    "bare line feed": altered(b"Host: weir\r\n", b"Host: weir\n"),
    "bare line feeds only": lambda key: framed("Host: weir", LENGTH)(key).replace(b"\r\n", b"\n"),
    "bare carriage return": framed("Host: weir", LENGTH, b"X-Bare: a\rContent-Length: 5"),
    "NUL in a value": framed("Host: weir", LENGTH, b"X-Nul: a\0b"),
    "NUL in a name": framed("Host: weir", LENGTH, b"X-N\0l: a"),
    "control character": framed("Host: weir", LENGTH, b"X-Bell: a\x07b"),
    "two hosts": framed("Host: weir", "Host: other", LENGTH),
    "the same host twice": framed("Host: weir", "Host: weir", LENGTH),
    "no host": framed(LENGTH),
    "two spaces": altered(b"POST /", b"POST  /"),
    "tab in the request line": altered(b"POST /", b"POST\t/"),
    "no version": altered(b" HTTP/1.1", b""),
    "HTTP/2.0": altered(b"HTTP/1.1", b"HTTP/2.0"),
    "HTTP/1.2": altered(b"HTTP/1.1", b"HTTP/1.2"),
    "small letters": altered(b"HTTP/1.1", b"http/1.1"),
    "method with a colon": altered(b"POST", b"PO:ST"),
    "byte over 127 in the target": altered(b"/v1", b"/\xff1"),
    "target that is no path": altered(b"/v1/chat", b"v1/chat"),
    "NUL in the target": altered(b"/v1", b"/v\x001"),
    "chunked in HTTP/1.0": lambda key: framed("Host: weir", "Transfer-Encoding: chunked",
                                              body=CHUNKED)(key).replace(b"/1.1", b"/1.0", 1),
    "no chunk size": chunks(b"\r\n" + CHUNKED),
    "chunk size no hex": chunks(b"zz\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "chunk size with 0x": chunks(b"0x%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)),
    "chunk size with a plus": chunks(b"+%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)),
    "chunk size with a minus": chunks(b"-%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)),
    "chunk size with a space before": chunks(b" %x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)),
    "chunk size over 64 bits": chunks(b"1%016x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)),
    "chunk size ends in a line feed": chunks(b"%x\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)),
    "chunk longer than its size": chunks(b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY) - 3, BODY)),
    "chunk data ends in a line feed": chunks(b"%x\r\n%s\n0\r\n\r\n" % (len(BODY), BODY)),
    "line feed in a chunk extension": chunks(b"%x;a\nb\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)),
}


@pytest.mark.parametrize("name", SMUGGLING)
def test_what_parsers_disagree_about_is_400_and_close(tenant, mock, name):
    request = SMUGGLING[name](tenant.secret)
    with raw.connect(tenant.gateway.listener) as sock:
        # A second, good request behind it must not be seen by anybody.
        sock.sendall(request + raw.post(tenant.secret, chat_body("smuggled")))
        seen = raw.read_to_end(sock)
    assert seen.startswith(b"HTTP/1.1 400 "), seen[:200]
    assert seen.count(b"x-request-id: ") == 1
    assert b"connection: close" in seen.lower()
    assert b'"error"' in seen and b"invalid_request_error" in seen
    assert mock.ledger()["requests"] == 0


def test_a_balancer_in_front_reads_each_of_them_in_one_way(tenant, mock):
    """What it does take it frames anew: the edge sees a request end where the balancer does."""
    if tenant.gateway.listener is tenant.gateway.http:
        pytest.skip("no balancer is in front")
    first, second = json.loads(BODY), chat_body("behind it")
    behind = raw.post(tenant.secret, second, extra=["Connection: close"])
    for name, build in SMUGGLING.items():
        mock.reset()
        with raw.connect(tenant.gateway.http) as sock:
            sock.sendall(build(tenant.secret) + behind)
            seen = raw.read_to_end(sock)
        statuses = [int(each) for each in re.findall(rb"HTTP/1\.1 (\d+) ", seen)]
        why = (name, statuses, seen[:300])
        assert 1 <= len(statuses) <= 2 and set(statuses) <= {200, 400, 422}, why
        answered = [body for status, body in zip(statuses, (first, second)) if status == 200]
        assert [json.loads(each["body"]) for each in mock.requests()] == answered, why


def test_the_good_request_of_the_table_is_good(tenant):
    for build in (framed("Host: weir", LENGTH), chunks(CHUNKED)):
        with raw.connect(tenant.gateway.http) as sock:
            sock.sendall(build(tenant.secret))
            assert raw.read_reply(sock).status == 200


def test_an_oversized_head_is_431(tenant):
    for extra in (["X-Long: " + "x" * 100_000], [f"X-{i}: {'y' * 90}" for i in range(1000)]):
        with raw.connect(tenant.gateway.listener) as sock:
            sock.sendall(raw.post(tenant.secret, None, extra=extra, body=BODY))
            reply = raw.read_reply(sock)
            assert reply.status == 431 and set(reply.error) == {"message", "type", "param", "code"}
            assert reply.headers["Connection"].lower() == "close"


def test_headers_as_large_as_browsers_send_are_taken(tenant):
    headers = {f"X-{i}": "y" * 1000 for i in range(16)}
    assert tenant.chat(headers=headers).status == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_bound_is_a_readable_413(tenant, mock, chunked):
    body = BODY[:-1] + b" " * (16 * 1024 * 1024) + b"}"
    extra = ["Transfer-Encoding: chunked"] if chunked else []
    data = raw.chunked(body, 65536) if chunked else body
    with raw.connect(tenant.gateway.listener) as sock:
        try:
            sock.sendall(raw.post(tenant.secret, None, extra=extra, body=data))
        except (BrokenPipeError, ConnectionResetError):
            pass  # It need not read all of it; the answer is there all the same.
        reply = raw.read_reply(sock)
    check_error(reply, 413, reply.error["code"], kind="invalid_request_error")
    assert reply.headers["Connection"].lower() == "close"
    assert mock.ledger()["requests"] == 0


def test_a_body_within_the_bound_is_taken(tenant):
    body = BODY[:-1] + b" " * (15 * 1024 * 1024) + b"}"
    with raw.connect(tenant.gateway.http) as sock:
        sock.sendall(raw.post(tenant.secret, None, body=body))
        assert raw.read_reply(sock).status == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_100_continue_comes_before_the_body(tenant, chunked):
    extra = ["Expect: 100-continue"] + (["Transfer-Encoding: chunked"] if chunked else [])
    body = CHUNKED if chunked else BODY
    head = raw.post(tenant.secret, None, extra=extra, body=body)[:-len(body)]
    with raw.connect(tenant.gateway.http) as sock:
        sock.sendall(head)
        assert sock.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(body)
        assert raw.read_reply(sock).status == 200


def test_no_100_continue_for_a_body_that_is_too_large(tenant):
    head = raw.post(tenant.secret, None, body=b"", extra=[
        "Expect: 100-continue", "Content-Length: 99999999"])
    with raw.connect(tenant.gateway.http) as sock:
        sock.sendall(head)
        assert raw.read_reply(sock).status == 413


def test_pipelined_requests_are_answered_in_order(tenant, mock):
    mock.behave(mode="echo")
    texts = [f"text{i}" for i in range(10)]
    with raw.connect(tenant.gateway.http) as sock:
        sock.sendall(b"".join(raw.post(tenant.secret, chat_body(text)) for text in texts))
        seen = b""
        while b'"text9"' not in seen:
            got = sock.recv(65536)
            assert got, seen
            seen += got
    places = [seen.index(b'"%s"' % text.encode()) for text in texts]
    assert places == sorted(places)


def test_a_request_may_come_byte_by_byte(tenant):
    with raw.connect(tenant.gateway.http) as sock:
        for byte in raw.post(tenant.secret, None, body=BODY):
            sock.send(bytes([byte]))
        assert raw.read_reply(sock).status == 200


def test_http_1_0_gets_no_chunks(tenant, mock):
    mock.behave(mode="words", words=3)
    for stream in (False, True):
        request = raw.post(tenant.secret, chat_body("hi", stream=stream))
        with raw.connect(tenant.gateway.http) as sock:
            sock.sendall(request.replace(b"HTTP/1.1", b"HTTP/1.0", 1))
            head, _, body = raw.read_to_end(sock).partition(b"\r\n\r\n")
        assert b" 200 " in head and b"chunked" not in head.lower()
        assert body.startswith(b"data: " if stream else b"{")
        assert body.endswith(b"data: [DONE]\n\n" if stream else b"}")


def test_http_1_0_needs_no_host(tenant):
    request = raw.post(tenant.secret, None, body=BODY).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    with raw.connect(tenant.gateway.http) as sock:
        sock.sendall(request.replace(b"Host: weir\r\n", b""))
        assert b" 200 " in raw.read_to_end(sock)[:20]


def test_the_absolute_form_is_accepted(tenant):
    for prefix in (b"http://weir.example", b"HTTP://other:8080", b"https://weir"):
        with raw.connect(tenant.gateway.listener) as sock:
            sock.sendall(raw.post(tenant.secret, None, body=BODY).replace(
                b"POST /", b"POST " + prefix + b"/", 1))
            assert raw.read_reply(sock).status == 200


def test_connection_close_is_honoured(tenant):
    with raw.connect(tenant.gateway.http) as sock:
        sock.sendall(raw.post(tenant.secret, None, body=BODY, extra=["Connection: close"]))
        assert raw.read_reply(sock).headers["Connection"].lower() == "close"
        assert sock.recv(1) == b""


def test_a_query_does_not_hide_the_path(tenant):
    assert tenant.chat(path="/v1/chat/completions?api-version=2024-06-01&x=%20y").status == 200


@pytest.mark.parametrize("path", ["//v1/chat/completions", "/v1//chat/completions",
                                  "/v1/./chat/completions", "/v1/x/../chat/completions",
                                  "/v1/chat/completions/", "/V1/chat/completions",
                                  "/v1%2fchat/completions"])
def test_paths_are_compared_as_they_are(tenant, mock, path):
    check_error(tenant.chat(path=path), 404, "unknown_url")
    assert mock.ledger()["requests"] == 0


def test_a_head_that_never_ends_is_given_up(own_gateway, mock):
    gateway = own_gateway(edge={"loops": 1, "timeouts": {"head": "1s"}})
    with raw.connect(gateway.http) as sock:
        began = time.monotonic()
        sock.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: we")
        while time.monotonic() - began < patience(5):
            try:
                sock.sendall(b"i")  # A byte now and then does not help.
                sock.settimeout(0.2)
                if sock.recv(1000) == b"":
                    break
            except TimeoutError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                break
        assert 0.9 < time.monotonic() - began < patience(3)
    assert mock.ledger()["requests"] == 0


def test_a_client_that_hangs_up_in_its_body_leaves_nothing(tenant, mock):
    with raw.connect(tenant.gateway.http) as sock:
        sock.sendall(raw.post(tenant.secret, None, body=BODY)[:-5])
    assert tenant.chat().status == 200
    assert mock.ledger()["requests"] == 1


def test_head_of_a_resource_has_no_body(tenant):
    connection = tenant.gateway.http.connect()
    connection.request("HEAD", "/v1/models", headers=tenant.auth())
    reply = connection.getresponse()
    assert reply.status == 200 and reply.read() == b""
    connection.close()
