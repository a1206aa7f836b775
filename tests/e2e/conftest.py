"""The fixtures are weir_harness/fixtures.py."""

import pytest

pytest.register_assert_rewrite("weir_harness")


def pytest_configure(config):
    config.addinivalue_line("markers", "standalone: about the process with everything in it")


# pylint: disable=wildcard-import,unused-wildcard-import,wrong-import-position
from weir_harness.fixtures import *  # noqa: E402,F401,F403
