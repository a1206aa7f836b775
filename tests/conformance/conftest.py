"""The fixtures of the end-to-end tests, from the folder beside this one."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
pytest.register_assert_rewrite("weir_harness")

# pylint: disable=wildcard-import,unused-wildcard-import,wrong-import-position
from weir_harness.fixtures import *  # noqa: E402,F401,F403
