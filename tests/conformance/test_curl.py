"""curl: the README's line, and deltas as they come."""

import json
import shutil
import subprocess
import time

import pytest

from weir_harness.settings import patience
from weir_harness.upstream import chat_body

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


def command(tenant, *options, path="/v1/chat/completions", secret=None, body=None):
    http = tenant.gateway.http
    return ["curl", "-sS", *options, f"http://{http.host}:{http.port}{path}",
            "-H", f"Authorization: Bearer {secret or tenant.secret}",
            "-H", "Content-Type: application/json", "-d", json.dumps(body or chat_body("hi"))]


def curl(*arguments, **more):
    done = subprocess.run(command(*arguments, **more), capture_output=True, text=True,
                          timeout=patience(10), check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_C_6_curl_gets_an_answer_and_a_status(tenant):
    assert json.loads(curl(tenant))["usage"]["total_tokens"] == 30
    assert curl(tenant, "-o", "/dev/null", "-w", "%{http_code}", secret="wrong") == "401"


def test_C_6_curl_with_a_large_body_waits_for_100_continue(tenant, mock):
    mock.behave(mode="echo")
    text = "x" * 1_200_000
    http = tenant.gateway.http
    done = subprocess.run(
        ["curl", "-sS", "-H", "Expect: 100-continue", "-H", f"X-API-Key: {tenant.secret}",
         "-H", "Content-Type: application/json", "--data-binary", "@-",
         f"http://{http.host}:{http.port}/v1/chat/completions"],
        input=json.dumps(chat_body(text)), capture_output=True, text=True, timeout=patience(10),
        check=True)
    assert json.loads(done.stdout)["choices"][0]["message"]["content"] == text


def test_S3_1b_curl_N_shows_deltas_as_they_come(tenant, mock):
    mock.behave(mode="words", words=6, frame_delay_ms=100)
    arrivals, lines = [], []
    with subprocess.Popen(command(tenant, "-N", body=chat_body("hi", stream=True)),
                          stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if '"content":"word' in line or '"content":" word' in line:
                arrivals.append(time.monotonic())
            lines.append(line.strip())
    assert process.returncode == 0 and lines[-2:] == ["data: [DONE]", ""]
    assert len(arrivals) == 6
    gaps = [b - a for a, b in zip(arrivals, arrivals[1:])]
    assert min(gaps) > 0.02 and arrivals[-1] - arrivals[0] > 0.4, gaps


def test_C_6_curl_over_tls_with_the_key_in_api_key(tenant):
    tls = tenant.gateway.tls
    if tls is None:
        pytest.skip("no TLS listener is named by WEIR_TLS_URL")
    context = tenant.proxy("assistant")
    done = subprocess.run(
        ["curl", "-sSk", f"https://{tls.host}:{tls.port}{context}/chat/completions",
         "-H", f"api_key: {tenant.secret}", "-H", "Content-Type: application/json",
         "-d", json.dumps(chat_body("hi"))],
        capture_output=True, text=True, timeout=patience(10), check=True)
    assert json.loads(done.stdout)["id"] == "chatcmpl-mock777"
