"""The closed loop: wrk on the load core, one thread."""

import json
import os
import pathlib
import subprocess

from . import settings

SCRIPT = pathlib.Path(__file__).with_name("chat.lua")
GRACE_SECONDS = 20


def run_wrk(port, *, connections, seconds, body_file, picks_file):
    """{"requests", "seconds", "bytes", "p50_us", "p99_us", "failed"} of one run.

    Without `picks_file` nobody shows a key.
    """
    command = ["taskset", "-c", str(settings.LOAD_CORE), "wrk", "-t", "1", "-c", str(connections),
               "-d", f"{seconds}s", "--timeout", f"{settings.REQUEST_TIMEOUT_SECONDS}s",
               "-s", os.fspath(SCRIPT), f"http://{settings.LOOPBACK}:{port}{settings.PATH}", "--",
               os.fspath(body_file)]
    if picks_file:
        command.append(os.fspath(picks_file))
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          timeout=seconds + GRACE_SECONDS)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        raise RuntimeError(f"wrk ended with {done.returncode}: {done.stdout}{done.stderr}")
    return json.loads(lines[-1])
