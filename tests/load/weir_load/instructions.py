"""Counts the instructions that weir runs for a request, in user space: they do not depend on what else the machine does."""

import argparse
import collections
import contextlib
import pathlib
import re
import subprocess
import tempfile

from . import settings
from .check import check_answers
from .mock import Mock
from .rungs import RUNGS
from .traffic import Traffic
from .weir import Weir
from .wrk import run_wrk

# Callgrind runs some 50 times slower: more callers would only wait.
CONNECTIONS = 8
KEYS = 500


def main():
    options = _arguments()
    with tempfile.TemporaryDirectory(prefix="weir-instructions-") as name, \
            contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        (folder / "weir").mkdir()
        rung = RUNGS[options.rung]
        traffic = Traffic(folder)
        keys = traffic.keys[:KEYS]
        mock = stack.enter_context(Mock(options.mock, folder))
        weir = stack.enter_context(Weir(_wrapped(options.binary, folder), rung, mock.port, keys,
                                        folder / "weir"))
        body_file = traffic.body_file(options.stream, rung)
        check_answers("weir", weir.port, body_file, keys[0] if rung.keyed else None, options.stream)
        load = {"connections": CONNECTIONS, "body_file": body_file,
                "picks_file": _picks(traffic, keys, folder) if rung.keyed else None}
        run_wrk(weir.port, seconds=settings.WARM_UP_SECONDS, **load)
        _control("--zero", weir.pid)
        run = run_wrk(weir.port, seconds=options.seconds, **load)
        _control("--dump", weir.pid)
        newest = max(folder.glob("weir/callgrind.out.*"), key=lambda each: each.stat().st_mtime)
        profile = Profile(newest.read_text())
        requests = run["requests"]
        print(f"{options.rung}{'-stream' if options.stream else ''}, c={CONNECTIONS}: "
              f"{profile.total() / requests:.0f} instructions a request over {requests} "
              f"requests, failed {run['failed']}")
        _show("of the function itself", profile.own, requests, options.lines)
        _show("with all that it calls", profile.whole(), requests, options.lines)
        if options.callers:
            _show_callers(profile, options.callers, requests, options.lines)


def _wrapped(binary, folder):
    """A program that runs `binary` under Callgrind, without the debug information that valgrind 3.19 cannot read."""
    stripped = folder / "weir-stripped"
    subprocess.run(["strip", "--strip-debug", "-o", stripped, binary], check=True)
    wrapper = folder / "weir-callgrind"
    wrapper.write_text(f'#!/bin/sh\nexec valgrind --tool=callgrind -q '
                       f'"{stripped}" "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


def _picks(traffic, keys, folder):
    path = folder / "picks.txt"
    everyone = traffic.picks_file("all", traffic.keys).read_text().splitlines()
    known = set(keys)
    path.write_text("".join(f"{each}\n" for each in everyone if each in known))
    return path


def _control(what, pid):
    subprocess.run(["callgrind_control", what, str(pid)], check=True, capture_output=True,
                   timeout=120)


class Profile:
    """What a file of Callgrind says, function by function (its manual, part "Callgrind Format")."""

    def __init__(self, text):
        self.own = collections.Counter()      # Instructions, {function: count}.
        self.below = collections.Counter()    # With all that is called, but by itself.
        self.calls = collections.defaultdict(collections.Counter)  # {callee: {caller: count}}.
        names, function, callee = {}, None, None
        for line in text.splitlines():
            if found := re.match(r"(c?)fn=\((\d+)\)(?: (.*))?$", line):
                name = names.setdefault(found[2], found[3])
                function, callee = (function, name) if found[1] else (name, None)
            elif found := re.match(r"calls=(\d+)", line):
                self.calls[callee][function] += int(found[1])
            elif found := re.match(r"[+*-]?[\da-fx]* ?[+*-]?\d* (\d+)$", line):
                if callee is None:
                    self.own[function] += int(found[1])
                elif callee != function:
                    self.below[function] += int(found[1])
                callee = None

    def total(self):
        return sum(self.own.values())

    def whole(self):
        """Instructions of each function with all that it calls."""
        return self.own + self.below


def _show(title, counts, requests, lines):
    print(f"\n-- {title}")
    for name, count in counts.most_common(lines):
        print(f"{count / requests:9.0f}  {name[:150]}")


def _show_callers(profile, pattern, requests, lines):
    for callee, callers in profile.calls.items():
        if not re.search(pattern, callee):
            continue
        print(f"\n-- who calls {callee[:150]}: {sum(callers.values()) / requests:.2f} a request")
        for name, count in callers.most_common(lines):
            print(f"{count / requests:9.2f}  {name[:150]}")


def _arguments():
    build = settings.REPOSITORY / "build"
    parser = argparse.ArgumentParser(prog="instructions.sh", description=__doc__)
    parser.add_argument("--rung", choices=RUNGS, default="L0")
    parser.add_argument("--stream", action="store_true", help="streams instead of whole answers")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--lines", type=int, default=40, help="of each list")
    parser.add_argument("--callers", metavar="REGEX", help="also who calls these functions")
    parser.add_argument("--binary", type=pathlib.Path, default=build / "release/bin/weir")
    parser.add_argument("--mock", type=pathlib.Path,
                        default=build / "release/bin/mock_upstream")
    return parser.parse_args()


if __name__ == "__main__":
    main()
