"""Rounds: each topology once per round, and the median over rounds of what was seen."""

import dataclasses
import pathlib
import statistics
import time

from . import settings
from .process import Process, busy_seconds
from .wrk import run_wrk

QUIET_NS_A_STEP = 1_000_000
QUIET_STEP_SECONDS = 0.1
QUIET_STEPS = 50


@dataclasses.dataclass(frozen=True)
class Target:
    """Who is asked, and by whom.

    `process`: None where CPU time is not counted; `picks_file`: None where nobody shows a key.
    """

    port: int
    process: Process | None
    picks_file: pathlib.Path | None


def rounds_of(targets, *, rounds, mock, **load):
    """{name: [sample of each round]} of {name: Target}, which take turns in going first."""
    samples = {name: [] for name in targets}
    names = list(targets)
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            samples[name].append(_one_run(targets[name], mock, **load))
    return samples


def _one_run(target, mock, **load):
    mock.start_books()
    before = _Clocks(target.process)
    sample = run_wrk(target.port, picks_file=target.picks_file, **load)
    if target.process:
        _wait_until_quiet(target.process)
        sample.update(_Clocks(target.process).since(before, sample["requests"]))
    # Answers that did not come from the upstream are failures, whatever their status.
    finished = mock.books()["finished"]
    sample["failed"] += max(0, sample["requests"] - finished)
    sample["requests_per_second"] = sample["requests"] / sample["seconds"]
    return sample


class _Clocks:
    def __init__(self, process):
        self._wall = time.monotonic()
        self._busy = busy_seconds(settings.GATEWAY_CORE)
        self._cpu_ns = process.cpu_ns() if process else 0
        self._user, self._system = process.cpu_split() if process else (0, 0)

    def since(self, before, requests):
        cpu_us = (self._cpu_ns - before._cpu_ns) / 1e3
        user, system = self._user - before._user, self._system - before._system
        wall_us = (self._wall - before._wall) * 1e6
        others_us = (self._busy - before._busy) * 1e6 - cpu_us
        return {"cpu_us_per_request": cpu_us / max(requests, 1),
                "user_share": user / max(user + system, 1e-9),
                "others_on_core": max(0.0, others_us / wall_us)}


def _wait_until_quiet(process):
    """What is settled after the last answer is part of its cost."""
    last = process.cpu_ns()
    for _ in range(QUIET_STEPS):
        time.sleep(QUIET_STEP_SECONDS)
        now = process.cpu_ns()
        if now - last < QUIET_NS_A_STEP:
            return
        last = now


def summarise(samples, of_nginx):
    """One line of the results. `of_nginx`: its samples in the same rounds, or None."""
    numbers = ("cpu_us_per_request", "user_share", "requests_per_second", "p50_us", "p99_us",
               "others_on_core")
    line = {name: round(statistics.median(each[name] for each in samples), 3)
            for name in numbers if name in samples[0]}
    if of_nginx:
        line["requests_per_second_of_nginx"] = round(statistics.median(
            each["requests_per_second"] / nginx["requests_per_second"]
            for each, nginx in zip(samples, of_nginx)), 3)
    line["requests"] = sum(each["requests"] for each in samples)
    line["failed"] = sum(each["failed"] for each in samples)
    line["rounds"] = [{name: round(each[name], 3) for name in numbers if name in each}
                      for each in samples]
    return line


def added_p50(samples, base):
    """Median over the rounds of the difference, microseconds."""
    return round(statistics.median(each["p50_us"] - other["p50_us"]
                                   for each, other in zip(samples, base)), 1)


def idle(processes, seconds):
    """Memory and wake-ups of {name: process}: left alone for `seconds`, counted for as long."""
    time.sleep(seconds)
    memory = {name: process.memory_kib() for name, process in processes.items()}
    before = {name: process.voluntary_switches() for name, process in processes.items()}
    started = time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - started
    return {name: {**memory[name], "wake_ups_per_second": round(
        (process.voluntary_switches() - before[name]) / passed, 1)}
            for name, process in processes.items()}
