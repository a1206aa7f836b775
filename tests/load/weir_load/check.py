"""One request of each kind, looked at in full, before anything is measured."""

import http.client
import json

from . import settings


def check_answers(topology, port, body_file, key, stream):
    """Raises RuntimeError unless the answer is the upstream's, whole. `key`: None for no key."""
    status, text = _ask(port, body_file, key)
    # Some gateways pass on the usage event that they asked for and the caller did not.
    events = [line for line in text.splitlines()
              if line.startswith("data: ") and '"choices":[]' not in line]
    if status != 200:
        raise RuntimeError(f"{topology} answered with {status}: {text[:500]}")
    if stream and (len(events), events[-1:]) != (settings.STREAM_EVENTS, ["data: [DONE]"]):
        raise RuntimeError(f"{topology} streamed {len(events)} events, the last of them "
                           f"{events[-1:]}, want {settings.STREAM_EVENTS} with [DONE] at the end")
    if not stream and json.loads(text)["usage"]["total_tokens"] != 30:
        raise RuntimeError(f"{topology} answered {text[:500]}, want 30 tokens")


def _ask(port, body_file, key):
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    connection = http.client.HTTPConnection(settings.LOOPBACK, port, timeout=10)
    try:
        connection.request("POST", settings.PATH, body_file.read_bytes(), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
