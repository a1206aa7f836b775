"""Encoded bodies, up and down: decoded within bounds, or refused. Nothing passes unread."""

import gzip
import json

import pytest

from weir_harness.upstream import chat_body
from weir_harness.wire import CHAT, check_error


def send(tenant, data, coding="gzip"):
    return tenant.gateway.http.request("POST", CHAT, data, {
        **tenant.auth(), "Content-Type": "application/json", "Content-Encoding": coding})


def encoded(text="hi", **more):
    return gzip.compress(json.dumps(chat_body(text, **more)).encode())


def test_a_gzip_request_is_read_and_goes_up_plain(tenant, mock):
    mock.behave(mode="echo")
    reply = send(tenant, encoded("squeezed words"))
    assert reply.status == 200 and reply.text == "squeezed words"
    assert "content-encoding" not in mock.headers()


@pytest.mark.parametrize("coding", ["GZIP", "identity"])
def test_names_of_codings_have_no_case(tenant, coding):
    data = encoded() if coding == "GZIP" else json.dumps(chat_body("hi")).encode()
    assert send(tenant, data, coding).status == 200


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "compress", "gzip, gzip", "br, gzip",
                                    "x-unknown"])
def test_other_codings_are_415(tenant, mock, coding):
    reply = send(tenant, encoded(), coding)
    check_error(reply, 415, reply.error["code"])
    assert mock.ledger()["requests"] == 0


def test_a_bomb_is_refused(tenant, mock):
    for size in (8, 200):  # Mebibytes: by its ratio, and by its size as well.
        bomb = encoded("0" * (size * 1024 * 1024))
        reply = send(tenant, bomb)
        assert reply.status in (400, 413), reply
    assert mock.ledger()["requests"] == 0
    assert tenant.chat().status == 200


BROKEN = {
    "plain": json.dumps(chat_body("hi")).encode(),
    "cut": encoded("some words to cut in two")[:-12],
    "no trailer": encoded()[:-8],
    "wrong check": encoded()[:-8] + b"\0\0\0\0" + encoded()[-4:],
    "garbage behind": encoded() + b"garbage",
    "empty": b"",
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_gzip_is_400(tenant, mock, name):
    check_error(send(tenant, BROKEN[name]), 400, None)
    assert mock.ledger()["requests"] == 0


def test_what_is_inside_is_checked_as_strictly(tenant):
    data = gzip.compress(b'{"model":"a","model":"b","messages":[]}')
    assert send(tenant, data).error["param"] == "model"


def test_the_provider_is_asked_for_plain_answers(tenant, mock):
    tenant.chat(headers={"Accept-Encoding": "gzip, br"})
    assert mock.headers()["accept-encoding"] == "identity"


def test_an_answer_encoded_all_the_same_is_read(tenant, mock):
    mock.behave(mode="words", words=3, content_encoding="gzip")
    reply = tenant.chat()
    assert reply.status == 200 and reply.headers["Content-Encoding"] is None
    assert reply.text == "word1 word2 word3"
    assert tenant.settled(1).output == 3


def test_a_stream_encoded_all_the_same_is_read_as_it_comes(tenant, mock):
    mock.behave(mode="words", words=4, content_encoding="gzip", frame_delay_ms=50)
    stream = tenant.stream()
    assert stream.headers["Content-Encoding"] is None
    chunks = stream.chunks()
    assert [c["choices"][0]["delta"].get("content") for c in chunks] == [
        "", "word1", " word2", " word3", " word4", None]
    assert stream.arrivals[4] - stream.arrivals[0] > 0.1
    spent = tenant.settled(1)
    assert (spent.output, spent.estimated) == (4, 0)


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_an_answer_that_cannot_be_read_is_502(tenant, mock, coding):
    mock.behave(extra_headers={"Content-Encoding": coding})
    check_error(tenant.chat(), 502, "upstream_error")
