"""Where, and with what, figures were taken."""

import os
import platform
import subprocess

from .process import PROC


def describe_machine():
    memory_kib = _field(PROC / "meminfo", "MemTotal").split()[0]
    return {"cpu": _field(PROC / "cpuinfo", "model name"), "cores": os.cpu_count(),
            "memory_mib": int(memory_kib) // 1024, "kernel": platform.release(),
            "load_average": [round(each, 2) for each in os.getloadavg()]}


def versions(commands):
    """The first line that each of {name: command} says of itself."""
    return {name: _first_line(command) for name, command in commands.items()}


def _field(path, name):
    for line in path.read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "?"


def _first_line(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "?"
    return next(iter((done.stdout + done.stderr).strip().splitlines()), "?")
