"""Profiles weir on a rung: which functions its CPU time goes to."""

import argparse
import contextlib
import pathlib
import subprocess
import tempfile

from . import samples, settings
from .check import check_answers
from .mock import Mock
from .rungs import RUNGS
from .traffic import Traffic
from .weir import Weir
from .wrk import run_wrk

SAMPLES_A_SECOND = 4_000


def main():
    options = _arguments()
    with tempfile.TemporaryDirectory(prefix="weir-profile-") as name, \
            contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        (folder / "weir").mkdir()
        rung = RUNGS[options.rung]
        traffic = Traffic(folder)
        mock = stack.enter_context(Mock(options.mock, folder))
        weir = stack.enter_context(Weir(options.binary, rung, mock.port, traffic.keys,
                                        folder / "weir"))
        body_file = traffic.body_file(options.stream, rung)
        check_answers("weir", weir.port, body_file, traffic.keys[0] if rung.keyed else None,
                      options.stream)
        load = {"connections": options.connections, "body_file": body_file,
                "picks_file": traffic.picks_file("weir", traffic.keys) if rung.keyed else None}
        run_wrk(weir.port, seconds=settings.WARM_UP_SECONDS, **load)
        data = folder / "perf.data"
        with _record(weir.pid, data, options.seconds + 1) as recorder:
            before = weir.cpu_ns()
            run = run_wrk(weir.port, seconds=options.seconds, **load)
            cpu_us = (weir.cpu_ns() - before) / 1e3 / max(run["requests"], 1)
            recorder.wait(60)
        print(f"{options.rung}{'-stream' if options.stream else ''}, c={options.connections}: "
              f"{cpu_us:.1f} us of CPU a request, {run['requests'] / run['seconds']:.0f} "
              f"requests/s, failed {run['failed']}; times are microseconds a request")
        _report(samples.read_samples(data), cpu_us, options.lines)


def _record(pid, data, seconds):
    return subprocess.Popen(
        ["taskset", "-c", str(settings.LOAD_CORE), "perf", "record", "-q", "-e", "cpu-clock", "-F",
         str(SAMPLES_A_SECOND), "--call-graph", "fp", "-p", str(pid), "-o", str(data), "--",
         "sleep", str(seconds)])


def _report(taken, cpu_us, lines):
    us_a_sample = cpu_us / max(len(taken), 1)
    for title, sums in (("thread", samples.by_thread(taken)),
                        ("library", samples.by_library(taken)),
                        ("system call", samples.by_system_call(taken)),
                        ("function", samples.by_function(taken)),
                        ("function of weir with all that it calls", samples.by_caller(taken))):
        print(f"\n-- by {title}\n{samples.show(sums, us_a_sample, lines)}")


def _arguments():
    build = settings.REPOSITORY / "build"
    parser = argparse.ArgumentParser(prog="profile.sh", description=__doc__)
    parser.add_argument("--rung", choices=RUNGS, default="L0")
    parser.add_argument("--stream", action="store_true", help="streams instead of whole answers")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--lines", type=int, default=40, help="of each list")
    parser.add_argument("--binary", type=pathlib.Path, default=build / "release/bin/weir")
    parser.add_argument("--mock", type=pathlib.Path,
                        default=build / "release/bin/mock_upstream")
    return parser.parse_args()


if __name__ == "__main__":
    main()
