#!/usr/bin/env python3
"""docs/operations.md has every metric and log event of the programs, and none besides."""

import os
import re
import sys

from sources import CPP, files, line_of, main, read

PAGE = "docs/operations.md"
PROGRAMS = ("apps/", "common/api/", "common/async/", "common/http/", "common/metrics/", "common/process/",
            "common/redis/", "common/rpc/", "common/sql/", "edge/", "services/")
NOT_THEM = re.compile(r"(_test|_benchmark|_fuzz|_contract)\.(cc|h)$|/testing/")
METRIC = re.compile(r'\bNew(?:Counter|Gauge|Histogram)(?:Family)?\(\s*"(\w+)"')
EVENT = re.compile(r'\blog::(?:Debug|Info|Warn|Error)\(\s*"([\w.]+)"')
# Written by the log of itself.
OWN = {"log.dropped"}
NAME = re.compile(r"`([\w.]+)`")


def listed(page, heading):
    """Names in the first column of the table whose first heading is `heading`."""
    names, inside = set(), False
    for line in page.splitlines():
        first = line.split("|")[1].strip() if line.startswith("|") else None
        inside = first == heading or (inside and first is not None)
        if inside:
            names |= set(NAME.findall(first))
    return names


def check_names(sources, page, heading, pattern, own=frozenset()):
    documented, used = listed(page, heading), set(own)
    for path, code in sources:
        for match in pattern.finditer(code):
            used.add(match.group(1))
            if match.group(1) not in documented:
                yield (f"{path}:{line_of(code, match.start())}: {heading} {match.group(1)} "
                       f"is not in {PAGE}")
    for name in sorted(documented - used):
        yield f"{PAGE}: {heading} {name} is not in the programs"


def check(root):
    page = read(root, PAGE) if os.path.isfile(os.path.join(root, PAGE)) else ""
    sources = [(path, read(root, path)) for path in files(root, CPP)
               if path.startswith(PROGRAMS) and not NOT_THEM.search(path)]
    return [*check_names(sources, page, "metric", METRIC),
            *check_names(sources, page, "event", EVENT, OWN if page else frozenset())]


if __name__ == "__main__":
    sys.exit(main(check, sys.argv))
