#!/usr/bin/env python3
"""How much of the labelled values is found, and how much else.

    tests/quality/guardrails.py [--build build/release] [--data FILE] [--write docs/guardrail_quality.md] [--show ENTITY]

A value counts as found where a span of its type overlaps it. Precision counts spans that overlap no value of their type. An attack counts as found
where its score reaches the threshold that policies have by themselves.
--show prints what was missed (M) and what was found in vain (F); of "injection" likewise.
"""

import argparse
import collections
import gzip
import json
import pathlib
import subprocess
import sys

from wilson import told

ROOT = pathlib.Path(__file__).resolve().parents[2]
TYPES = {"EMAIL": "EMAIL_ADDRESS", "PHONE": "PHONE_NUMBER", "US_SSN": "US_SSN", "CREDIT_CARD": "CREDIT_CARD",
         "IBAN": "IBAN_CODE", "IP_ADDRESS": "IP_ADDRESS", "SECRET": "SECRET", "PERSON": "PERSON"}

THRESHOLD = 0.8

HEAD = """# How much the guardrails find

Made by `tests/quality/guardrails.py --write docs/guardrail_quality.md`. In brackets: the 95 % interval (Wilson). The texts are those of `tests/quality/data`;
recognisers and signatures were written while looking at them. Expect less on others. `guardrails_quality_test` holds floors under these figures.

## Values

A value counts as found where a span of its type overlaps it; precision counts the spans, in all 7,200 texts, that overlap a value of their type.
"Obfuscated" are values with invisible characters, in fullwidth digits, or spelled out. Only the 6,300 texts of our own generator have all names labelled.

"""

INJECTION_HEAD = """
## Injections

An attack counts as found, a harmless text as flagged, where the score is 0.8 or more: what a policy blocks from that names no threshold. Documents and
what tools return are judged as such, all else as what a user wrote. Signatures do not see what reads like an ordinary task, as the payloads of
BIPIA do, nor languages that they have no words of.

"""


def rows_of(path):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def scan(probe, rows):
    """Of each row the spans that are found: entity, first byte, end."""
    texts = "".join(row["text"].encode().hex() + "\n" for row in rows)
    out = subprocess.run([probe], input=texts, capture_output=True, text=True, check=True).stdout
    found = []
    for line in out.splitlines():
        spans = [each.split() for each in line.split(";") if each]
        found.append([(name, int(begin), int(end)) for name, begin, end in spans])
    assert len(found) == len(rows)
    return found


def overlaps(a, b):
    return a[0] < b[1] and b[0] < a[1]


class Counts:
    """Of one entity in one kind of rows."""

    def __init__(self):
        self.values = self.hit = self.spans = self.right = 0


def count(rows, found, show):
    counts = collections.defaultdict(Counts)
    flagged = collections.Counter()
    for row, spans in zip(rows, found):
        flagged[row["kind"], any(name != "PERSON" for name, _, _ in spans)] += 1
        data = row["text"].encode()
        for name, label in TYPES.items():
            wanted = [(bs, be) for kind, _, _, bs, be in row["spans"] if kind == label]
            got = [(begin, end) for each, begin, end in spans if each == name]
            of = counts[name, row["kind"]]
            of.values += len(wanted)
            of.spans += len(got)
            missed = [w for w in wanted if not any(overlaps(w, g) for g in got)]
            vain = [g for g in got if not any(overlaps(w, g) for w in wanted)]
            of.hit += len(wanted) - len(missed)
            of.right += len(got) - len(vain)
            if name == show:
                for mark, which in (("M", missed), ("F", vain)):
                    for begin, end in which:
                        print(mark, row["kind"], data[max(0, begin - 40):begin].decode(errors="replace"), "⟦",
                              data[begin:end].decode(errors="replace"), "⟧",
                              data[end:end + 12].decode(errors="replace"))
    return counts, flagged


def report(counts, flagged):
    lines = ["| entity | values | recall | precision | recall, obfuscated |", "|---|--:|---|---|---|"]
    for name in TYPES:
        plain, hidden = counts[name, "pii"], counts[name, "pii_obfuscated"]
        spans = sum(counts[name, kind].spans for kind in ("pii", "lookalike", "pii_obfuscated"))
        right = sum(counts[name, kind].right for kind in ("pii", "lookalike", "pii_obfuscated"))
        lines.append(f"| {name} | {plain.values} | {told(plain.hit, plain.values)} | {told(right, spans)} | "
                     f"{told(hidden.hit, hidden.values)} |")
    vain = flagged["lookalike", True]
    lines += ["", f"Look-alikes in which anything is found: {told(vain, vain + flagged['lookalike', False])}."]
    return "\n".join(lines)


def judge(probe, rows):
    """Of each row the score and what tells it."""
    lines = []
    for row in rows:
        who = "tool" if row["kind"].startswith("indirect") or row["kind"] == "document" else "user"
        lines.append(f"{who} {row['text'].encode().hex()}\n")
    out = subprocess.run([probe], input="".join(lines), capture_output=True, text=True, check=True).stdout
    verdicts = [(float(score), family) for score, family, _, _ in (line.split() for line in out.splitlines())]
    assert len(verdicts) == len(rows)
    return verdicts


def report_injection(rows, verdicts, show):
    shares = collections.defaultdict(lambda: [0, 0])
    families = collections.Counter()
    for row, (score, family) in zip(rows, verdicts):
        found = score >= THRESHOLD
        for key in ((row["label"], row["source"], row["kind"]), (row["label"], "all", "")):
            shares[key][0] += found
            shares[key][1] += 1
        families[row["label"], family] += found
        if show == "injection" and found != (row["label"] == 1):
            print("F" if found else "M", round(score, 2), family, row["source"], row["kind"], repr(row["text"][:200]))
    lines = []
    for label, head in ((1, "| attacks from | kind | texts | found |"), (0, "| harmless texts from | kind | texts | flagged |")):
        lines += [head, "|---|---|--:|---|"]
        for (of, source, kind), (hits, texts) in sorted(shares.items()):
            if of == label:
                lines.append(f"| {source} | {kind} | {texts} | {told(hits, texts)} |")
        lines.append("")
    lines += ["| found by | attacks | harmless |", "|---|--:|--:|"]
    names = sorted({name for _, name in families if families[1, name] + families[0, name]})
    lines += [f"| {name} | {families[1, name]} | {families[0, name]} |" for name in names]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=ROOT / "build/release")
    parser.add_argument("--data", default=ROOT / "tests/quality/data/pii_dev.jsonl.gz")
    parser.add_argument("--injections", default=ROOT / "tests/quality/data/injection_dev.jsonl.gz")
    parser.add_argument("--write")
    parser.add_argument("--show")
    given = parser.parse_args()
    bin_dir = pathlib.Path(given.build) / "bin"
    rows = rows_of(given.data)
    table = report(*count(rows, scan(bin_dir / "scan_probe", rows), given.show))
    rows = rows_of(given.injections)
    injections = report_injection(rows, judge(bin_dir / "injection_probe", rows), given.show)
    text = HEAD + table + "\n" + INJECTION_HEAD + injections + "\n"
    print(text)
    if given.write:
        pathlib.Path(given.write).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
