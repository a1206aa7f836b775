"""The fixtures are weir_harness/fixtures.py."""

import pytest

pytest.register_assert_rewrite("weir_harness")

# pylint: disable=wildcard-import,unused-wildcard-import,wrong-import-position
from weir_harness.fixtures import *  # noqa: E402,F401,F403
