#!/usr/bin/env python3
"""What g++ 12 compiles wrongly, or what dies before the coroutine does.

A coroutine is a named function, never a capturing lambda; one co_await a statement, never inside ?: or a braced list; parameters by value
(a reference that the caller promises to keep is a plain T&, never const T& or T&&, which bind to temporaries).
"""

import bisect
import re
import sys

from sources import CPP, files, line_of, main, read, without_text

CO = re.compile(r"\bco_(?:await|return|yield)\b")
CO_AWAIT = re.compile(r"\bco_await\b")
LAMBDA = re.compile(r"(?<![\w)\]\[])\[(?!\[)([^\[\]]*)\]\s*(?=[({<]|mutable\b|->)")
KEYWORD_BEFORE = re.compile(r"\b(?:return|co_return|co_await|co_yield|case|else)\s*$")
AWAITABLE = re.compile(r"\bawaitable\s*<")
NAME_AND_OPEN = re.compile(r"\s*(?:[\w:~]|<[\w:, ]*>)+\s*\(")
BINDS_TEMPORARY = re.compile(r"&&|\bconst\b[^,()]*?&")
OPEN, CLOSE = "([{", ")]}"


def closing(code, start):
    """Offset of the bracket that closes the one at start; the end where none does."""
    depth = 0
    for i in range(start, len(code)):
        if code[i] in OPEN:
            depth += 1
        elif code[i] in CLOSE:
            depth -= 1
            if depth == 0:
                return i
    return len(code) - 1


def closing_angle(code, start):
    depth = 0
    for i in range(start, min(len(code), start + 2000)):
        if code[i] == "<":
            depth += 1
        elif code[i] == ">" and code[i - 1] != "-":
            depth -= 1
            if depth == 0:
                return i
    return start


class Lambda:
    def __init__(self, code, match):
        self.start = match.start()
        self.capture = match.group(1).strip()
        at = match.end()
        self.parameters = ""
        if code[at] == "<":
            at = closing_angle(code, at) + 1
        while at < len(code) and code[at].isspace():
            at += 1
        if at < len(code) and code[at] == "(":
            end = closing(code, at)
            self.parameters = code[at + 1:end]
            at = end + 1
        brace = code.find("{", at)
        self.head = code[at:brace] if brace >= 0 else ""
        # What stands between the parameters and the body is short; else this is no lambda.
        self.valid = 0 <= brace - at < 300 and ";" not in self.head
        self.body = (brace, closing(code, brace)) if self.valid else (at, at)

    def is_coroutine(self, code, others):
        if AWAITABLE.search(self.head):
            return True
        first, last = self.body
        inner = [each.body for each in others if first < each.body[0] and each.body[1] < last]
        return any(not any(a <= match.start() <= b for a, b in inner)
                   for match in CO.finditer(code, first, last))


def lambdas(code):
    found = []
    for match in LAMBDA.finditer(code):
        before = code[:match.start()].rstrip()
        if before and (before[-1].isalnum() or before[-1] in "_)]") \
                and not KEYWORD_BEFORE.search(before):
            continue  # A subscript.
        each = Lambda(code, match)
        if each.valid:
            found.append(each)
    return found


def check_lambdas(code):
    all_of_them = lambdas(code)
    for each in all_of_them:
        if not each.is_coroutine(code, all_of_them):
            continue
        if each.capture:
            yield each.start, f"a coroutine is a lambda that captures [{each.capture}]"
        if BINDS_TEMPORARY.search(each.parameters):
            yield each.start, "a coroutine takes a parameter by const& or &&, want a value"


def check_parameters(code):
    for match in AWAITABLE.finditer(code):
        end = closing_angle(code, match.end() - 1) + 1
        name = NAME_AND_OPEN.match(code, end)
        if not name:
            continue
        opening = name.end() - 1
        parameters = code[opening + 1:closing(code, opening)]
        # Types of callbacks have parameter lists of their own.
        parameters = re.sub(r"<[^<>]*(?:<[^<>]*>[^<>]*)*>", "", parameters)
        if BINDS_TEMPORARY.search(parameters):
            function = code[end:opening].strip()
            yield opening, f"{function} takes a parameter by const& or &&, want a value"


def brackets(code):
    """(open, close, kind) of every bracket, in the order of opening."""
    stack, found = [], []
    for i, char in enumerate(code):
        if char in OPEN:
            stack.append(i)
        elif char in CLOSE and stack:
            start = stack.pop()
            found.append((start, i, code[start]))
    return sorted(found)


def enclosing(groups, offset):
    """Brackets around offset, the outermost first."""
    return [each for each in groups if each[0] < offset < each[1]]


# What comes before the brace of a block. A list in a list counts as one too: the outer list is found all the same.
BLOCK_HEAD = re.compile(r"(?:^|[;{}:)]|\b(?:else|do|try|const|noexcept|mutable|override|final)"
                        r"|\b(?:namespace|class|struct|union|enum)\b[^;{}()]*)$")


def is_braced_list(code, group):
    start, end, kind = group
    if kind != "{":
        return False
    if BLOCK_HEAD.search(code[max(0, start - 200):start].rstrip()):
        return False
    depth = 0
    for i in range(start + 1, end):
        depth += code[i] in OPEN
        depth -= code[i] in CLOSE
        if code[i] == ";" and depth == 0:
            return False
    return True


def statement_bounds(code):
    return [-1] + [i for i, char in enumerate(code) if char in ";{}"] + [len(code)]


def check_awaits(code):
    awaits = [match.start() for match in CO_AWAIT.finditer(code)]
    if not awaits:
        return
    groups = brackets(code)
    bounds = statement_bounds(code)
    seen = set()
    for each in awaits:
        index = bisect.bisect_left(bounds, each)
        first, last = bounds[index - 1], bounds[index]
        around = enclosing(groups, each)
        if any(is_braced_list(code, group) for group in around):
            yield each, "co_await inside a braced list"
        if first in seen:
            yield each, "a second co_await in one statement"
        seen.add(first)
        for question in (i for i in range(first + 1, last) if code[i] == "?"):
            if set(enclosing(groups, question)) <= set(around):
                yield each, "co_await inside ?:"
                break


def check_file(path, code):
    bare = without_text(code)
    found = list(check_lambdas(bare)) + list(check_parameters(bare)) + list(check_awaits(bare))
    return [f"{path}:{line_of(bare, offset)}: {text}" for offset, text in sorted(set(found))]


def check(root):
    faults = []
    for path in files(root, CPP):
        code = read(root, path)
        if "awaitable" in code or "co_" in code:
            faults += check_file(path, code)
    return faults


if __name__ == "__main__":
    sys.exit(main(check, sys.argv))
