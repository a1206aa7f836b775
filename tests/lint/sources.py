"""The files of the repository, and C++ without what is only text."""

import os
import re
import subprocess

SKIPPED_FOLDERS = {".git", "build", "node_modules", "__pycache__", ".pytest_cache"}
CPP = (".h", ".cc")


def files(root, suffixes=None):
    """Paths relative to root, sorted: what git knows or would take, else everything."""
    found = _of_git(root) if os.path.exists(os.path.join(root, ".git")) else _of_folder(root)
    return sorted(path for path in found
                  if (suffixes is None or path.endswith(tuple(suffixes)))
                  and os.path.isfile(os.path.join(root, path)))


def _of_git(root):
    listed = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True, capture_output=True, text=True).stdout
    return [path for path in set(listed.split("\0"))
            if path and not SKIPPED_FOLDERS & set(path.split("/"))]


def _of_folder(root):
    for folder, folders, names in os.walk(root):
        folders[:] = [each for each in folders if each not in SKIPPED_FOLDERS]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), root)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


_TEXT = re.compile(
    r'R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)"'  # Raw strings.
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'"  # Not the marks in 1'000'000.
    r"|//[^\n]*|/\*.*?\*/", re.DOTALL)


def without_text(code):
    """C++ with comments and the inside of literals blanked; lines and columns stay."""
    def blank(match):
        text = match.group()
        inner = re.sub(r"[^\n]", " ", text)
        if text.startswith(("//", "/*")):
            return inner
        return '"' + inner[1:-1] + '"' if len(inner) > 1 else inner
    return _TEXT.sub(blank, code)


def line_of(code, offset):
    return code.count("\n", 0, offset) + 1


def main(check, argv):
    """Prints what check(root) finds; the exit code says whether there was anything."""
    root = argv[1] if len(argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "..")
    faults = check(os.path.abspath(root))
    for fault in faults:
        print(fault)
    return 1 if faults else 0
