"""The end of a test run: a line a suite, what failed by name, and the sums.

usage: summary.py REPORTS      REPORTS/suites.tsv has SUITE<tab>EXIT CODE<tab>SECONDS, a line each.
"""

import pathlib
import sys

import reports

MOST_NAMES = 50


def main() -> int:
    folder = pathlib.Path(sys.argv[1])
    totals = {reports.PASSED: 0, reports.FAILED: 0, reports.SKIPPED: 0}
    broken = []
    print(f"\n{'suite':<14}{'passed':>8}{'failed':>8}{'skipped':>8}{'time':>9}")
    for line in (folder / "suites.tsv").read_text().splitlines():
        suite, exit_code, seconds = line.split("\t")
        counts, failed = count(suite, folder, int(exit_code))
        broken += [f"{suite}: {name}" for name in failed]
        for outcome, number in counts.items():
            totals[outcome] += number
        minutes, rest = divmod(int(seconds), 60)
        numbers = "".join(f"{number:>8}" for number in counts.values())
        print(f"{suite:<14}{numbers}{f'{minutes}m{rest:02}s':>9}")
    if broken:
        print("\nFailed:")
        print("\n".join(f"  {name}" for name in broken[:MOST_NAMES]))
        if len(broken) > MOST_NAMES:
            print(f"  ... and {len(broken) - MOST_NAMES} more")
    # Alone on its line: programs that run this look for it.
    skipped = f", {totals['skipped']} skipped" if totals["skipped"] else ""
    print(f"\n{totals['passed']} passed, {totals['failed']} failed{skipped}")
    return 1 if totals["failed"] or not totals["passed"] else 0


def count(suite: str, folder: pathlib.Path, exit_code: int) -> tuple[dict[str, int], list[str]]:
    cases = reports.read_suite(folder / suite)
    counts = {
        outcome: sum(case.outcome == outcome for case in cases)
        for outcome in (reports.PASSED, reports.FAILED, reports.SKIPPED)
    }
    failed = [case.name for case in cases if case.outcome == reports.FAILED]
    if exit_code != 0 and not failed:  # It did not come as far as a test: the build, most likely.
        failed = [f"the suite itself, with exit code {exit_code}"]
        counts[reports.FAILED] = 1
    return counts, failed


if __name__ == "__main__":
    sys.exit(main())
