"""The suite that all tests of this folder share."""

import json
import os
import pathlib
import sys

import pytest

# Its harness knows how to ask, and what a bill must be.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
pytest.register_assert_rewrite("weir_harness")

# pylint: disable=wrong-import-position
from suite_harness.compose import Suite, run  # noqa: E402


@pytest.fixture(scope="session", name="suite")
def _suite():
    suite = Suite(f"weirtest{os.getpid()}")
    try:
        suite.up()
        yield suite
    finally:
        suite.down()


@pytest.fixture(scope="session")
def demo_key(suite):
    return suite.secret("demo", "secrets/demo_key")


@pytest.fixture(scope="session")
def free_key(suite):
    """A key that no limit holds back: the demo's is for people."""
    made = json.loads(suite.weirctl("--output", "json", "keys", "create", "load"))
    return made["secret"]


@pytest.fixture(scope="session")
def governed_key(suite):
    """Another one, for whose calls guardrails and cache are asked."""
    made = json.loads(suite.weirctl("--output", "json", "keys", "create", "governed"))
    own = {"organization": "default", "name": "governed",
           "attachments": [{"level": "LEVEL_KEY", "subject": "governed"}]}
    rules = [{"name": "mail", "action": "mask", "entities": {"types": ["EMAIL"]}}]
    for method, policy in (("GuardrailsAdminService/PutGuardrailPolicy", {**own, "rules": rules}),
                           ("CacheAdminService/PutCachePolicy", own)):
        suite.weirctl("call", method, json.dumps({"policy": policy}))
    return made["secret"]


@pytest.fixture(scope="session")
def image_tree(tmp_path_factory):
    """What is in the image of weir, unpacked."""
    folder = tmp_path_factory.mktemp("image")
    container = run("docker", "create", f"weir:{os.environ.get('WEIR_TAG', 'dev')}").strip()
    try:
        archive = folder / "image.tar"
        run("docker", "export", "-o", str(archive), container)
    finally:
        run("docker", "rm", container)
    tree = folder / "tree"
    tree.mkdir()
    run("tar", "-xf", str(archive), "-C", str(tree))
    return tree
