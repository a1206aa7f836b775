"""Measures what a request costs, rung by rung, beside nginx and crabllm in the same rounds."""

import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

from . import report, settings
from .check import check_answers
from .machine import describe_machine, versions
from .measure import Target, added_p50, idle, rounds_of, summarise
from .mock import Mock
from .peers import Crabllm, Nginx, find_crabllm
from .rungs import DEFAULT_RUNGS, RUNGS
from .suite import WeirSuite
from .traffic import Traffic, request_body
from .weir import Weir
from .wrk import run_wrk

TOPOLOGIES = ("standalone", "suite", "nginx", "crabllm")
CONNECTIONS = (1, 8, 64)
STREAM_CONNECTIONS = 64


class Ladder:
    """All rungs, one after the other; on each, its topologies live side by side and take turns."""

    def __init__(self, options, folder, mock):
        self._options = options
        self._folder = folder
        self._mock = mock
        self._traffic = Traffic(folder)
        self.results = {"runs": [], "added_p50": [], "memory": []}

    def climb(self, rung):
        folder = self._folder / rung.name
        folder.mkdir()
        with contextlib.ExitStack() as stack:
            processes = {name: stack.enter_context(self._start(name, rung, folder / name))
                         for name in self._options.topologies}
            targets = {name: Target(process.port, process, self._picks(name, process, rung))
                       for name, process in processes.items()}
            self._check(rung, processes)
            resting = self._idle(rung, processes)
            for connections in self._options.connections:
                self._measure(rung, targets, connections, stream=False)
            if rung.streams:
                self._measure(rung, targets, STREAM_CONNECTIONS, stream=True)
            for name, process in processes.items():
                self.results["memory"].append({"rung": rung.name, "topology": name,
                                               "idle": resting[name],
                                               "loaded": process.memory_kib()})

    def _start(self, name, rung, folder):
        if name == "nginx":
            return Nginx(self._mock.port, folder)
        if name == "crabllm":
            return Crabllm(find_crabllm(), rung, self._mock.port, folder)
        if name == "suite":
            return WeirSuite(self._options.binary.parent, rung, self._mock.port,
                             self._traffic.keys, folder)
        return Weir(self._options.binary, rung, self._mock.port, self._traffic.keys, folder)

    def _keys_of(self, process):
        return getattr(process, "keys", self._traffic.keys)

    def _picks(self, name, process, rung):
        return self._traffic.picks_file(name, self._keys_of(process)) if rung.keyed else None

    def _check(self, rung, processes):
        for name, process in processes.items():
            key = self._keys_of(process)[0] if rung.keyed else None
            for stream in (False, True) if rung.streams else (False,):
                check_answers(name, process.port, self._traffic.body_file(stream, rung), key,
                              stream)

    def _idle(self, rung, processes):
        _say(f"{rung.name}: idle")
        return idle(processes, self._options.idle_seconds)

    def _measure(self, rung, targets, connections, *, stream):
        label = f"{rung.name}-stream" if stream else rung.name
        _say(f"{label}: c={connections}")
        if connections == 1:
            targets = {**targets, "direct": Target(
                self._mock.port, None,
                self._traffic.picks_file("direct", self._traffic.keys) if rung.keyed else None)}
        load = {"connections": connections, "body_file": self._traffic.body_file(stream, rung)}
        for each in targets.values():
            run_wrk(each.port, picks_file=each.picks_file, seconds=self._options.warm_up,
                    **{**load, "connections": settings.WARM_UP_CONNECTIONS})
        samples = rounds_of(targets, rounds=self._options.rounds, mock=self._mock,
                            seconds=self._options.seconds, **load)
        for name, each in samples.items():
            self.results["runs"].append({"rung": label, "topology": name,
                                         "connections": connections,
                                         **summarise(each, samples.get("nginx"))})
        if "direct" in samples and "nginx" in samples:
            self._add_p50(label, samples)

    def _add_p50(self, label, samples):
        nginx = samples["nginx"]
        self.results["added_p50"].append({
            "rung": label, "nginx": added_p50(nginx, samples["direct"]),
            "over_nginx": {name: added_p50(each, nginx) for name, each in samples.items()
                           if name not in ("nginx", "direct")}})


def main():
    options = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    machine = describe_machine()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="weir-load-") as name:
        folder = pathlib.Path(name)
        with Mock(options.mock, folder) as mock:
            ladder = Ladder(options, folder, mock)
            for rung in options.rungs:
                ladder.climb(rung)
    machine["load_average_after"] = [round(each, 2) for each in os.getloadavg()]
    results = {"machine": machine, "versions": _versions(options),
               "configuration": _configuration(options), **ladder.results}
    print(report.table(results))
    _say(f"took {time.monotonic() - started:.0f} s; {report.write(results, options.output)}")
    return 1 if any(run["failed"] for run in results["runs"]) else 0


def _versions(options):
    commands = {"weir": [options.binary, "--version"], "nginx": ["nginx", "-v"],
                "wrk": ["wrk", "-v"]}
    if "crabllm" in options.topologies:
        # It does not tell itself.
        commands["crabllm"] = ["sh", "-c", "cargo install --list | grep ^crabllm"]
    return versions(commands)


def _configuration(options):
    return {"rounds": options.rounds, "seconds": options.seconds,
            "connections": list(options.connections), "keys": settings.KEYS,
            "zipf_exponent": settings.ZIPF_EXPONENT, "stream_events": settings.STREAM_EVENTS,
            "request_bytes": len(request_body(stream=False)), "gateway_core": settings.GATEWAY_CORE,
            "load_core": settings.LOAD_CORE,
            "log_levels": {rung.name: rung.log_level for rung in options.rungs}}


def _say(text):
    print(text, file=sys.stderr, flush=True)


def _arguments():
    build = settings.REPOSITORY / "build"
    parser = argparse.ArgumentParser(prog="run.sh", description=__doc__)
    parser.add_argument("--quick", action="store_true",
                        help="1 round of 2 s: whether it works, not what it costs")
    parser.add_argument("--rungs", type=_rungs, default=",".join(DEFAULT_RUNGS),
                        help=f"of {','.join(RUNGS)}; default %(default)s")
    parser.add_argument("--topologies", type=_topologies, default=",".join(TOPOLOGIES),
                        help="default %(default)s; what is not installed is left out")
    parser.add_argument("--connections", type=_numbers, default=CONNECTIONS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="of a run")
    parser.add_argument("--binary", type=pathlib.Path, default=build / "release/bin/weir")
    parser.add_argument("--mock", type=pathlib.Path, default=build / "release/bin/mock_upstream")
    parser.add_argument("--output", type=pathlib.Path, default=build / "load",
                        help="folder of results.json")
    options = parser.parse_args()
    options.idle_seconds, options.warm_up = 10, settings.WARM_UP_SECONDS
    if options.quick:
        options.rounds, options.seconds, options.idle_seconds = 1, 2, 2
    _check(parser, options)
    return options


def _check(parser, options):
    for path in (options.binary, options.mock):
        if not os.access(path, os.X_OK):
            parser.error(f"{path} is not there: build it with deploy/scripts/build.sh")
    for tool in ("wrk", "nginx", "taskset", "setpriv"):
        if not shutil.which(tool):
            parser.error(f"{tool} is not installed")
    if not {settings.LOAD_CORE, settings.GATEWAY_CORE} <= os.sched_getaffinity(0):
        parser.error(f"cores {settings.LOAD_CORE} and {settings.GATEWAY_CORE} are needed")
    if not 1 <= options.rounds <= 20 or not 1 <= options.seconds <= 60:
        parser.error("1 to 20 rounds of 1 to 60 s")


def _rungs(text):
    try:
        return [RUNGS[name] for name in text.split(",")]
    except KeyError as unknown:
        raise argparse.ArgumentTypeError(f"no rung {unknown}") from None


def _topologies(text):
    names = text.split(",")
    unknown = set(names) - set(TOPOLOGIES)
    if unknown:
        raise argparse.ArgumentTypeError(f"no topology {', '.join(sorted(unknown))}")
    if "crabllm" in names and not find_crabllm():
        _say("crabllm is not installed: left out")
        names.remove("crabllm")
    return names


def _numbers(text):
    return tuple(map(int, text.split(",")))


if __name__ == "__main__":
    sys.exit(main())
