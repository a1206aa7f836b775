"""What a test run has left behind: cases with an outcome, from the reports of GoogleTest, pytest and CTest.

A suite's reports are in one folder, build/reports/SUITE:
  *.xml           JUnit, of GoogleTest and pytest; a case each
  ctest.junit     JUnit, of CTest: one case a program
  *.tsv           OUTCOME<tab>NAME, a line each, of checks that are neither
"""

import dataclasses
import pathlib
import xml.etree.ElementTree as ElementTree

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclasses.dataclass(frozen=True)
class Case:
    program: str  # The report that it is in: "quota_test", "e2e".
    name: str  # "WindowsTest.S0_3_Refuses", "test_quota.py::test_S0_3_refuses".
    outcome: str


def read_suite(folder: pathlib.Path) -> list[Case]:
    """Every case of a suite; programs that died before they could report are a failed case each."""
    cases = []
    for path in sorted(folder.glob("*.xml")):
        cases += _read_junit(path)
    for path in sorted(folder.glob("*.tsv")):
        for line in path.read_text().splitlines():
            outcome, name = line.split("\t", 1)
            cases.append(Case(path.stem, name, outcome))
    for program in _read_junit(folder / "ctest.junit"):
        own = [case for case in cases if case.program == program.name]
        if not own or (program.outcome == FAILED and all(case.outcome != FAILED for case in own)):
            cases.append(program)
    return cases


def _read_junit(path: pathlib.Path) -> list[Case]:
    if not path.exists():
        return []
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError:  # Cut off: its writer died, and CTest or pytest said so.
        return [Case(path.stem, f"{path.stem} (report cut off)", FAILED)]
    return [Case(path.stem, _name(case), _outcome(case)) for case in root.iter("testcase")]


def _name(case: ElementTree.Element) -> str:
    suite, name = case.get("classname", ""), case.get("name", "")
    if not suite or suite == name:
        return name
    # pytest's is a module path: tests.e2e.test_quota.
    return f"{suite.rsplit('.', 1)[-1]}.{name}"


def _outcome(case: ElementTree.Element) -> str:
    if case.find("failure") is not None or case.find("error") is not None:
        return FAILED
    status = case.get("status", "")
    if case.find("skipped") is not None or status in ("notrun", "disabled"):
        return SKIPPED
    return PASSED
