"""Bodies read strictly: what is checked is what is sent, and a refusal names the member."""

import json

import pytest

from weir_harness.wire import CHAT, EMBEDDINGS, check_error

MESSAGES = b'"messages":[{"role":"user","content":"hi"}]'
MODEL = b'"model":"gpt-4o-mini"'


def body(*members):
    return b"{" + b",".join((MODEL, MESSAGES) + members) + b"}"


def send(tenant, data, path=CHAT, content_type="application/json"):
    return tenant.gateway.http.request("POST", path, data,
                                       {**tenant.auth(), "Content-Type": content_type})


def deep(levels):
    """A body that is nested so many levels deep, its own object included."""
    return body(b'"x":' + b"[" * (levels - 1) + b"]" * (levels - 1))


NOT_JSON = {
    "empty": b"", "spaces": b"  \n", "cut": body()[:-1], "trailing garbage": body() + b"x",
    "a second value": body() + b"{}", "trailing comma": body()[:-1] + b",}",
    "single quotes": body(b"'x':1"), "comment": body(b'"x":1/*c*/'),
    "NaN": body(b'"temperature":NaN'), "Infinity": body(b'"temperature":Infinity'),
    "-Infinity": body(b'"temperature":-Infinity'), "plus": body(b'"temperature":+1'),
    "leading zero": body(b'"temperature":01'), "leading point": body(b'"temperature":.5'),
    "hex": body(b'"seed":0x10'), "True": body(b'"stream":True'),
    "bare line feed in a string": body(b'"user":"a\nb"'),
    "bad escape": body(b'"user":"\\x41"'), "byte order mark in front": b"\xff\xfe" + body(),
    "NUL behind": body() + b"\0",
}
NOT_UTF8 = {
    "lone continuation": b"\x80", "cut sequence": b"\xc3", "overlong slash": b"\xc0\xaf",
    "surrogate": b"\xed\xa0\x80", "beyond the last": b"\xf4\x90\x80\x80", "latin-1": b"caf\xe9",
}
NO_OBJECT = {"array": b"[]", "string": b'"x"', "number": b"1", "null": b"null", "true": b"true"}


@pytest.mark.parametrize("name", NOT_JSON)
def test_what_is_no_json_is_400(tenant, mock, name):
    check_error(send(tenant, NOT_JSON[name]), 400, None, kind="invalid_request_error")
    assert mock.ledger()["requests"] == 0


@pytest.mark.parametrize("name", NO_OBJECT)
def test_what_is_no_object_is_400(tenant, name):
    assert "object" in check_error(send(tenant, NO_OBJECT[name]), 400, None)


@pytest.mark.parametrize("name", NOT_UTF8)
@pytest.mark.parametrize("member", [b'"user":"%s"', b'"%s":1'], ids=["value", "key"])
def test_invalid_utf8_is_400(tenant, mock, name, member):
    check_error(send(tenant, body(member % NOT_UTF8[name])), 400, None)
    assert mock.ledger()["requests"] == 0


DUPLICATES = {
    "model": body(b'"model":"other"'),
    "messages": body(MESSAGES),
    "stream": body(b'"stream":false,"stream":true'),
    "max_tokens": body(b'"max_tokens":1,"max_tokens":100000'),
    "user": body(b'"user":"a","user":"b"'),
    "model escaped": body(b'"mod\\u0065l":"other"'),
    "model escaped in capitals": body(b'"\\u006D\\u006F\\u0064\\u0065\\u006C":"other"'),
    "stream_options": body(b'"stream_options":{"include_usage":false,"include_usage":true}'),
    "stream_options escaped": body(
        b'"stream_options":{"include_usage":false,"include_us\\u0061ge":true}'),
    "in a message": b"{" + MODEL + b',"messages":[{"role":"user","content":"a","content":"b"}]}',
    "in a part": b"{" + MODEL + b',"messages":[{"role":"user","content":'
                 b'[{"type":"text","text":"a","t\\u0065xt":"b"}]}]}',
}


@pytest.mark.parametrize("name", DUPLICATES)
def test_a_key_that_comes_twice_is_400_and_named(tenant, mock, name):
    reply = send(tenant, DUPLICATES[name])
    assert reply.status == 400, reply
    assert reply.error["param"] and reply.error["message"]
    if " " not in name and name != "stream_options":
        assert reply.error["param"] == name
    assert mock.ledger()["requests"] == 0


def test_depth_64_is_taken_and_65_is_not(tenant, mock):
    assert send(tenant, deep(64)).status == 200
    check_error(send(tenant, deep(65)), 400, None)
    check_error(send(tenant, deep(100_000)), 400, None)
    assert mock.ledger()["requests"] == 1


WRONG_TYPES = [
    ({"model": 3}, "model"), ({"model": ""}, "model"), ({"model": None}, "model"),
    ({"model": ["gpt-4o-mini"]}, "model"), ({"model": "x" * 201}, "model"),
    ({"messages": "hi"}, "messages"), ({"messages": {}}, "messages"), ({"messages": []}, "messages"),
    ({"messages": ["hi"]}, "messages[0]"), ({"messages": [{"content": "x"}]}, "messages[0].role"),
    ({"messages": [{"role": "user", "content": "x"}, {"role": 1}]}, "messages[1].role"),
    ({"stream": "yes"}, "stream"), ({"stream": 1}, "stream"),
    ({"max_tokens": "5"}, "max_tokens"), ({"max_tokens": 0}, "max_tokens"),
    ({"max_tokens": -1}, "max_tokens"), ({"max_tokens": 1.5}, "max_tokens"),
    ({"max_tokens": 2 ** 60}, "max_tokens"),
    ({"max_completion_tokens": True}, "max_completion_tokens"),
    ({"n": 0}, "n"), ({"n": "2"}, "n"), ({"n": 1_000_000}, "n"),
    ({"stream_options": True}, "stream_options"),
    ({"stream_options": {"include_usage": 1}}, "stream_options.include_usage"),
]


@pytest.mark.parametrize("change, param", WRONG_TYPES)
def test_a_member_of_the_wrong_type_is_named(tenant, mock, change, param):
    document = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], **change}
    reply = send(tenant, json.dumps(document).encode())
    assert reply.status == 400, reply
    assert reply.error["param"] == param and param in reply.error["message"]
    assert reply.error["type"] == "invalid_request_error"
    assert mock.ledger()["requests"] == 0


def test_a_missing_member_is_named(tenant):
    reply = send(tenant, b"{" + MODEL + b"}")
    assert reply.status == 400 and reply.error["param"] == "messages"
    # A model may be left out where a proxy chooses one, so that only the plan can miss it.
    reply = send(tenant, b"{" + MESSAGES + b"}")
    assert reply.status == 400 and "model" in reply.error["message"]


def test_a_number_beyond_64_bits_is_400(tenant, mock):
    for number in (2 ** 70, -(2 ** 70)):
        data = body(b'"max_tokens":%d' % number)
        assert send(tenant, data).status == 400
    assert mock.ledger()["requests"] == 0


@pytest.mark.parametrize("value", [None, 3, {}, [{}], [True], ["a", None]])
def test_an_embeddings_input_of_the_wrong_type_is_named(tenant, value):
    data = json.dumps({"model": "gpt-4o-mini", "input": value}).encode()
    assert send(tenant, data, EMBEDDINGS).error["param"].startswith("input")


def test_null_is_as_good_as_absent(tenant):
    document = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}],
                "max_tokens": None, "stream": None, "n": None, "stream_options": None}
    assert send(tenant, json.dumps(document).encode()).status == 200


# What weir does not read goes up byte for byte, beside what it must change.
ODD_BUT_GOOD = [
    b'{ "messages" : [ {"role":"user","content":"\\u0068i \\ud83d\\ude00 \xf0\x9f\x8e\x89"} ] ,\n'
    b'\t"model" : "gpt-4o-mini" , "unknown": {"deep":[1e30,-0.0]} }',
    b'{"metadata":{"model":"x","stream":true},' + MODEL + b"," + MESSAGES + b"}",
    b'{"m\\u006fdel":"gpt-4o-mini",' + MESSAGES + b"}",
    body(b'"temperature":0.10000000000000001', b'"seed":9007199254740993'),
    body(b'"":0', b'"a/b":null', b'"\\"":1'),
    b"\r\n\t " + body() + b" \n",
]


@pytest.mark.parametrize("data", ODD_BUT_GOOD, ids=range(len(ODD_BUT_GOOD)))
def test_the_bytes_that_came_go_up(tenant, mock, data):
    assert send(tenant, data).status == 200
    assert mock.last()["body"].encode().strip() == data.strip()


def test_only_the_model_is_replaced(tenant, mock):
    tenant.put_model("local-name", targets=[{"provider": "vendor", "upstream_model": "remote"}])
    tenant.wait_for("local-name")
    data = body(b'"user":"\\u00e9\\/ local-name"', b'"x":[ 1 ,2 ]').replace(
        MODEL, b'"model" : "local-name"')
    assert send(tenant, data).status == 200
    assert mock.last()["body"].encode() == data.replace(
        b'"model" : "local-name"', b'"model" : "remote"')


def test_a_stream_changes_its_options_alone(tenant, mock):
    data = body(b'"stream":true', b'"user":"\\u00e9"')
    assert send(tenant, data).status == 200
    up = mock.last()["body"]
    assert json.loads(up) == {**json.loads(data), "stream_options": {"include_usage": True}}
    assert '"user":"\\u00e9"' in up


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8",
                                          "APPLICATION/JSON"])
def test_json_is_taken_under_its_names(tenant, content_type):
    assert send(tenant, body(), content_type=content_type).status == 200


@pytest.mark.parametrize("content_type", ["text/xml", "multipart/form-data; boundary=x",
                                          "application/x-www-form-urlencoded"])
def test_another_type_of_content_is_415(tenant, mock, content_type):
    reply = send(tenant, body(), content_type=content_type)
    check_error(reply, 415, reply.error["code"])
    assert mock.ledger()["requests"] == 0
