"""The TLS listener: the sample's endpoint with a self-signed certificate."""

import http.client
import socket
import ssl

import pytest

from weir_harness import settings
from weir_harness.gateway import LOOPBACK
from weir_harness.upstream import chat_body
from weir_harness.wire import Http, check_error


@pytest.fixture
def tls(gateway):
    if gateway.tls is None:
        pytest.skip("no TLS listener is named by WEIR_TLS_URL")
    return gateway.tls


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_S0_5_the_context_over_tls_with_and_without_v1(tenant, tls, prefix):
    context = tenant.proxy("assistant")
    path = f"{context}{prefix}/chat/completions"
    reply = tls.post(path, chat_body("hi"), {"api_key": tenant.secret})
    assert reply.status == 200 and reply.json()["id"] == "chatcmpl-mock777"
    check_error(tls.post(path, chat_body("hi"), {"api_key": "wrong-key-wrong-key"}), 401,
                "invalid_api_key")


def test_a_stream_over_tls(tenant, tls, mock):
    mock.behave(mode="words", words=5, frame_delay_ms=20)
    stream = tls.stream("/v1/chat/completions", chat_body("hi", stream=True), tenant.auth())
    assert len(stream.chunks()) == 7


def test_a_large_body_over_tls(tenant, tls, mock):
    mock.behave(mode="echo")
    text = "lorem ipsum " * 100_000
    assert tls.post("/v1/chat/completions", chat_body(text), tenant.auth()).text == text


def handshake(tls, **bounds):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for name, value in bounds.items():
        setattr(context, name, value)
    connection = tls.connect()
    with context.wrap_socket(socket.create_connection(
            (connection.host, connection.port), timeout=settings.patience(5)),
            server_hostname="localhost") as sock:
        return sock.version(), sock.getpeercert(binary_form=True)


def test_modern_versions_alone(tls):
    assert handshake(tls, minimum_version=ssl.TLSVersion.TLSv1_3)[0] == "TLSv1.3"
    assert handshake(tls, maximum_version=ssl.TLSVersion.TLSv1_2)[0] == "TLSv1.2"


def test_the_certificate_names_localhost_and_the_listeners_address(tls, tmp_path):
    certificate = ssl.DER_cert_to_PEM_cert(handshake(tls)[1])
    (tmp_path / "ca.pem").write_text(certificate)
    for name in ("localhost", LOOPBACK):
        context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
        with context.wrap_socket(socket.create_connection((tls.host, tls.port)),
                                 server_hostname=name) as sock:
            assert sock.version()


def test_plain_http_on_the_tls_listener_is_no_answer(gateway, tls):
    with pytest.raises((OSError, http.client.HTTPException)):
        Http(tls.host, tls.port).get("/v1/models")
    assert gateway.ops.get("/livez").status == 200
