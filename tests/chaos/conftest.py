"""A suite with replicas under load, from the folder of the end-to-end tests."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
pytest.register_assert_rewrite("weir_harness")

# pylint: disable=wrong-import-position
from weir_harness import settings  # noqa: E402
from weir_harness.fixtures import (  # noqa: E402,F401  pylint: disable=unused-import
    mock, shared_mock, stores)
from weir_harness.suite import Suite  # noqa: E402


@pytest.fixture
def new_suite(tmp_path):
    """Starts suites of the test's own; arguments are Suite's."""
    if settings.is_external():
        pytest.skip("needs a suite that it starts and ends itself")
    started = []

    def start(**arguments):
        started.append(Suite(tmp_path / f"suite{len(started)}", **arguments))
        return started[-1]

    yield start
    for each in started:
        each.resume()
        each.stop()
        each.discard()
