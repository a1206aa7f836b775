"""Questions that somebody else embeds: what he is told, and what comes of it."""

import http.server
import json
import math
import threading
import zlib

import pytest

from weir_harness.tenant import Tenant
from weir_harness.waiting import eventually

DIMENSION = 64


class Embedder:
    """Speaks OpenAI's /embeddings; keeps what it was told."""

    def __init__(self):
        self.bodies = []
        embedder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """One question a request."""

            def do_POST(self):  # pylint: disable=invalid-name
                """Answers with the words' direction."""
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                embedder.bodies.append(body)
                text = json.loads(body)["input"]
                text = text if isinstance(text, str) else text[0]
                answer = json.dumps({"object": "list", "model": "m", "data": [
                    {"object": "embedding", "index": 0, "embedding": direction(text)}]}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):  # pylint: disable=arguments-differ
                """Says nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def direction(text):
    """The sum of the words, each in a place of its own."""
    vector = [0.0] * DIMENSION
    for word in text.lower().replace("?", "").split():
        vector[zlib.crc32(word.encode()) % DIMENSION] += 1.0
    length = math.sqrt(sum(each * each for each in vector)) or 1.0
    return [each / length for each in vector]


@pytest.fixture
def embedder():
    server = Embedder()
    yield server
    server.close()


@pytest.fixture
def tenant(own_installation, embedder, mock):
    gateway = own_installation(cache={
        "embedding_provider": "OPENAI", "embedding_provider_model": "m",
        "embedding_provider_endpoint": f"http://127.0.0.1:{embedder.port}/v1",
        "embedding_provider_dimension": DIMENSION, "embedding_provider_api_key": "sk-embedder-0001"})
    return Tenant(gateway, mock)


def test_S2_12_another_embedder_finds_what_means_the_same(tenant, embedder):
    tenant.cache("answers", threshold=0.8)
    tenant.chat("what is the capital of France")

    def like():
        reply = tenant.chat("what is the capital of France?")
        return reply if reply.headers["X-Cache-Status"] == "HIT" else None
    assert eventually(like, within=5, what="a hit").headers["X-Cache-Kind"] in ("exact", "semantic")
    assert embedder.bodies


def test_an_embedder_elsewhere_is_told_what_may_leave_alone(tenant, embedder):
    tenant.guard("tokens", rules=[{"name": "mail", "action": "tokenize", "entities": {"types": ["EMAIL"]}},
                                  {"name": "cards", "action": "mask", "entities": {"types": ["CREDIT_CARD"]}}])
    tenant.cache("answers", threshold=0.9)
    for name in ("ann", "bob"):
        reply = tenant.chat(f"Write to {name}.lee@example.com about 4111 1111 1111 1111")
        assert reply.status == 200
    eventually(lambda: embedder.bodies, within=3, what="a question")
    told = "".join(embedder.bodies)
    assert "EMAIL-1" in told and "CARD-1" in told
    for value in ("ann.lee", "bob.lee", "example.com", "4111"):
        assert value not in told, told


def test_an_embedder_that_is_away_costs_hits_alone(tenant, embedder):
    tenant.cache("answers", threshold=0.8)
    embedder.close()
    assert tenant.chat("one two three").status == 200
    eventually(lambda: tenant.chat("one two three").headers["X-Cache-Status"] == "HIT", within=5,
               what="an exact hit")
