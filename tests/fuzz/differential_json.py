#!/usr/bin/env python3
"""What the gateway accepts as a chat request, Python's json must read the same way.

Parsers that disagree about a body let a caller through a check that another body then passes by. So: mutate a corpus of
request bodies for some seconds, show each to the gateway's reader (chat_json_probe), and compare whatever it accepts with
json.loads: no duplicate key anywhere, no constant that is no JSON, at most 64 levels, the same model, stream, n and caps;
and the body with changes spliced in says what the body said, but for the changes.

    differential_json.py PROBE [--seconds 30] [--seed N] [--corpus DIR]
"""

import argparse
import json
import pathlib
import random
import struct
import subprocess
import sys
import time

BATCH = 2_000
MAX_DEPTH = 64

TOKENS = [
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\\\\", b'\\"', b"null", b"true", b"false", b"0", b"-0", b"1",
    b"128", b"129", b"1e0", b"1.0", b"10000000", b"9223372036854775807", b"9223372036854775808", b"1e400", b"NaN",
    b"Infinity", b"-1", b"01", b"'", b"//", b"/**/", b"\x00", b"\x0b", b"\x1f", b"\x7f", b"\xc2\xa0", b"\xe2\x80\xa8",
    b"\xef\xbb\xbf", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\\u0000", b"\\ud83d\\ude00",
    b"\\ud83d", b"\\u006d", b" ", b"\t", b"\r\n", b'"model":', b'"model":"x",', b'"\\u006dodel":"y",', b'"MODEL":"z",',
    b'"stream":true,', b'"str\\u0065am":false,', b'"n":2,', b'"max_tokens":5,', b'"max_completion_tokens":7,',
    b'"stream_options":{},', b'"stream_options":{"include_usage":false},', b'"include_usage":true,', b'"messages":[],',
    b'"":1,', b'"x":{"a":1,"a":2},', b'"x":[[[[]]]],',
]


class Mutator:
    def __init__(self, corpus, seed):
        self.corpus = corpus
        self.random = random.Random(seed)

    def case(self):
        data = bytearray(self.random.choice(self.corpus))
        for _ in range(self.random.choice((0, 1, 1, 1, 2, 2, 3, 5))):
            self.random.choice((self.insert, self.insert, self.replace, self.delete, self.flip, self.repeat, self.escape,
                                self.nest, self.splice))(data)
        return bytes(data[:60_000])

    def at(self, data):
        # Often where something begins: those are the places that parsers look at.
        if data and self.random.random() < 0.6:
            marks = [i for i, c in enumerate(data) if c in b'{},:[]"']
            if marks:
                return self.random.choice(marks) + self.random.randrange(2)
        return self.random.randrange(len(data) + 1)

    def insert(self, data):
        at = self.at(data)
        data[at:at] = self.random.choice(TOKENS)

    def replace(self, data):
        at = self.at(data)
        token = self.random.choice(TOKENS)
        data[at:at + self.random.randrange(len(token) + 2)] = token

    def delete(self, data):
        at = self.at(data)
        del data[at:at + self.random.choice((1, 1, 2, 5, 20))]

    def flip(self, data):
        if data:
            data[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)

    def repeat(self, data):
        """A stretch twice: members come twice so."""
        begin = self.at(data)
        stretch = bytes(data[begin:begin + self.random.randrange(1, 60)])
        at = self.random.choice((begin, self.at(data)))
        data[at:at] = stretch

    def escape(self, data):
        letters = [i for i, c in enumerate(data) if chr(c).isalpha()]
        if letters:
            at = self.random.choice(letters)
            data[at:at + 1] = b"\\u%04x" % data[at]

    def nest(self, data):
        levels = self.random.choice((5, 60, 61, 62, 63, 64, 65, 66, 300))
        opening, closing = self.random.choice(((b"[", b"]"), (b'{"a":', b"}")))
        value = opening * levels + self.random.choice((b"1", b"[]", b"{}")) + closing * levels
        at = data.find(b"{") + 1
        data[at:at] = b'"deep":' + value + b","

    def splice(self, data):
        other = self.random.choice(self.corpus)
        begin = self.random.randrange(len(other) + 1)
        at = self.at(data)
        data[at:at] = other[begin:begin + self.random.randrange(40)]


class Disagreement(Exception):
    pass


def pairs(found):
    names = [name for name, _ in found]
    if len(set(names)) != len(names):
        raise Disagreement(f"a key comes twice: {names}")
    return dict(found)


def constant(name):
    raise Disagreement(f"{name} is no JSON")


def load(data):
    try:
        # As bytes: Python decides about the encoding, as it does for a server written in it.
        return json.loads(data, object_pairs_hook=pairs, parse_constant=constant)
    except (ValueError, RecursionError) as error:
        raise Disagreement(f"json.loads refuses it: {error}") from error


def depth(value):
    if not isinstance(value, (dict, list)):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth, inner), default=0)


def expect(what, got, want):
    # As text: Python holds 1, 1.0 and True for the same.
    if json.dumps(got) != json.dumps(want):
        raise Disagreement(f"{what}: the gateway reads {got!r}, Python {want!r}")


def compare(data, read):
    document = load(data)
    if not isinstance(document, dict):
        raise Disagreement("it is not an object")
    if depth(document) > MAX_DEPTH:
        raise Disagreement(f"it has {depth(document)} levels")
    choices = document.get("n") or 1
    caps = [document[key] for key in ("max_tokens", "max_completion_tokens") if document.get(key) is not None]
    options = document.get("stream_options") or {}
    expect("model", read["model"], document.get("model", ""))
    expect("stream", read["stream"], document.get("stream") or False)
    expect("n", read["choices"], choices)
    expect("caps", read["declared"], max(caps) * choices if caps else None)
    expect("include_usage", read["usage_asked"], options.get("include_usage") or False)

    want = {**document, "model": "spliced", "stream_options": {**options, "include_usage": True}}
    fields = [key for key in ("max_tokens", "max_completion_tokens") if key in document] or ["max_tokens"]
    want.update({field: 77 for field in fields})
    spliced = load(read["spliced"].encode())
    expect("names of members", sorted(spliced), sorted(want))
    for key, value in want.items():
        same = spliced[key] == value if key == "stream_options" else json.dumps(spliced[key]) == json.dumps(value)
        if not same:
            raise Disagreement(f"spliced {key}: {spliced[key]!r}, want {value!r}")


def probe(program, cases):
    stdin = b"".join(struct.pack("<I", len(case)) + case for case in cases)
    run = subprocess.run([program], input=stdin, stdout=subprocess.PIPE, timeout=120, check=False)
    lines = run.stdout.split(b"\n")[:-1]
    if run.returncode != 0 or len(lines) != len(cases):
        failed = cases[min(len(lines), len(cases) - 1)]
        raise SystemExit(f"chat_json_probe ended with {run.returncode} on {failed!r}")
    return [json.loads(line) for line in lines]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("probe")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--corpus", type=pathlib.Path,
                        default=pathlib.Path(__file__).parent / "corpus" / "chat_json_fuzz")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.randrange(1 << 32)
    corpus = [path.read_bytes() for path in sorted(arguments.corpus.iterdir())]

    # A comparison that never compares proves nothing: what is good must be accepted.
    good = [data for data in corpus if b'"messages"' in data]
    for data, read in zip(good, probe(arguments.probe, good)):
        if not read["accepted"]:
            raise SystemExit(f"differential_json: a good body is refused ({read['why']}): {data!r}")

    mutator = Mutator(corpus, seed)
    shown = accepted = 0
    end = time.monotonic() + arguments.seconds
    while time.monotonic() < end:
        cases = [mutator.case() for _ in range(BATCH)]
        for data, read in zip(cases, probe(arguments.probe, cases)):
            shown += 1
            if not read["accepted"]:
                continue
            accepted += 1
            try:
                compare(data, read)
            except Disagreement as what:
                print(f"differential_json: {what}\n  body: {data!r}\n  seed: {seed}")
                return 1
    print(f"differential_json: ok, {shown} bodies, {accepted} accepted, seed {seed}")
    return 0 if accepted > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
