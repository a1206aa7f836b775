"""One request of each kind, looked at in full, before anything is measured."""

import http.client
import json

from . import settings


def check_answers(topology, port, traffic, keyed, stream):
    """Raises RuntimeError unless the answer is the upstream's, whole."""
    status, text = _ask(port, traffic, keyed, stream)
    events = [line for line in text.splitlines() if line.startswith("data: ")]
    if status != 200:
        raise RuntimeError(f"{topology} answered with {status}: {text[:500]}")
    if stream and (len(events), events[-1:]) != (settings.STREAM_EVENTS, ["data: [DONE]"]):
        raise RuntimeError(f"{topology} streamed {len(events)} events, the last of them "
                           f"{events[-1:]}, want {settings.STREAM_EVENTS} with [DONE] at the end")
    if not stream and json.loads(text)["usage"]["total_tokens"] != 30:
        raise RuntimeError(f"{topology} answered {text[:500]}, want 30 tokens")


def _ask(port, traffic, keyed, stream):
    headers = {"Content-Type": "application/json"}
    if keyed:
        headers["Authorization"] = f"Bearer {traffic.keys[0]}"
    connection = http.client.HTTPConnection(settings.LOOPBACK, port, timeout=10)
    try:
        connection.request("POST", settings.PATH, traffic.body_file(stream).read_bytes(), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
