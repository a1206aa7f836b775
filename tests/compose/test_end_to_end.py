"""Every end-to-end file passes on the containers too: through the balancer, with mTLS between parts that are read-only and have no rights."""

import os
import subprocess
import sys
import xml.etree.ElementTree as xml

import pytest

from suite_harness.compose import ROOT, SLOW_FACTOR
from suite_harness.installation import Ways

# Several minutes; each test in it has a limit of its own.
LIMIT_SECONDS = 1200 * SLOW_FACTOR
pytestmark = pytest.mark.timeout(LIMIT_SECONDS + 200)

# Somewhat below what there is, and far above what is left where the harness skips what it cannot reach.
LEAST_PASSED = 550


def outcomes(report):
    """Of a JUnit report: the tests that passed, and what those that failed said."""
    passed, faults = set(), []
    for case in xml.parse(report).getroot().iter("testcase"):
        said = {each.tag: each.text for each in case if each.tag in ("failure", "error", "skipped")}
        name = f"{case.get('classname')}::{case.get('name')}"
        if not said:
            passed.add(name)
        faults += [f"{name}: {kind}\n{text}" for kind, text in said.items() if kind != "skipped"]
    return passed, faults


# As a whole it is not asked twice; each of its tests is, where others are too.
@pytest.mark.flaky(reruns=0)
def test_every_end_to_end_file_passes_on_the_containers(suite, request, tmp_path):
    report = tmp_path / "end_to_end.xml"
    reruns = request.config.getoption("reruns", None) or 0
    with Ways(suite) as ways:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", "--timeout=180",
             f"--reruns={reruns}", f"--junitxml={report}", f"--basetemp={tmp_path}/of", "tests/e2e"],
            cwd=ROOT, env={**os.environ, **suite.environment, **ways.environment(), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True, text=True, errors="replace", timeout=LIMIT_SECONDS, check=False)
    print(done.stdout[-20_000:])
    assert report.exists(), done.stdout[-5000:] + done.stderr[-5000:]
    passed, faults = outcomes(report)
    assert not faults, f"{len(faults)} failed\n\n" + "\n\n".join(faults)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    assert len(passed) >= LEAST_PASSED
