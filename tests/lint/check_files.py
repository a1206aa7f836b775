#!/usr/bin/env python3
"""Names that say nothing, files too long to read, promises instead of work, paths of one machine."""

import os
import re
import sys

from sources import files, main, read

MAX_LINES = 600
EMPTY_NAMES = {"util", "utils", "helper", "helpers", "manager", "managers", "misc"}
WRITTEN = (".h", ".cc", ".py", ".proto", ".sh", ".lua", ".sql", ".ts", ".tsx", ".js", ".css",
           ".html", ".md", ".cmake", ".txt", ".yaml", ".yml", ".json", ".toml")
PROMISE = re.compile(r"\b(TODO|FIXME|XXX)\b")
MACHINE = re.compile(r"(?<![\w./])/(?:work|root|home/\w+)(?=/|\b(?![\w-]))")
# These name what they look for.
OWN = ("tests/lint/check_files.py", "tests/lint/test_lints.py")
# Data, not something that a person reads from the top.
UNBOUNDED = (".json", ".txt")


def check_name(path):
    name = os.path.basename(path).split(".")[0].lower()
    words = EMPTY_NAMES & set(re.split(r"[_\-]", name))
    if words:
        return [f"{path}: is named '{words.pop()}', want what it does"]
    return []


def check_text(path, text):
    faults = []
    lines = text.splitlines()
    if len(lines) > MAX_LINES and not path.endswith(UNBOUNDED):
        faults.append(f"{path}: has {len(lines)} lines, want at most {MAX_LINES}")
    if path in OWN:
        return faults
    for number, line in enumerate(lines, 1):
        promise = PROMISE.search(line)
        if promise:
            faults.append(f"{path}:{number}: says {promise.group()}, want it done or left out")
        machine = MACHINE.search(line)
        if machine:
            faults.append(f"{path}:{number}: names {machine.group()}, a path of one machine")
    return faults


def check(root):
    faults = []
    for path in files(root):
        faults += check_name(path)
        is_text = path.endswith(WRITTEN) or os.path.basename(path) in ("Dockerfile", "run")
        if is_text:
            faults += check_text(path, read(root, path))
    return faults


if __name__ == "__main__":
    sys.exit(main(check, sys.argv))
