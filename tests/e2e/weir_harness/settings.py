"""What the environment says: where the binaries are, or which running installation to test."""

import os
import pathlib
import shlex

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN_DIR = pathlib.Path(os.environ.get("WEIR_BIN_DIR", ROOT / "build/release/bin")).resolve()
# Multiplies every limit of time: sanitizers and busy machines are slower.
SLOW_FACTOR = float(os.environ.get("WEIR_SLOW_FACTOR", "1"))
KILL_ROUNDS = int(os.environ.get("WEIR_KILL_ROUNDS", "3"))

# "unix:/tmp/redis.sock": gateways that the tests start count there, not in their own memory.
TEST_REDIS = os.environ.get("WEIR_TEST_REDIS")

# A running installation instead of one that the tests start. All but the TLS address go together.
BASE_URL = os.environ.get("WEIR_BASE_URL")  # "http://127.0.0.1:8080"
TLS_URL = os.environ.get("WEIR_TLS_URL")  # "https://127.0.0.1:8443"
EDGE_URL = os.environ.get("WEIR_EDGE_URL")  # An edge's own listener, where that is a balancer's.
OPS_URL = os.environ.get("WEIR_OPS_URL")  # "http://127.0.0.1:9094"
ADMIN_ADDRESS = os.environ.get("WEIR_ADMIN_ADDRESS")  # "127.0.0.1:9091", "identity=...,quota=..."
ADMIN_TOKEN = os.environ.get("WEIR_ADMIN_TOKEN")
ADMIN_CA = os.environ.get("WEIR_ADMIN_CA")  # The admin ports speak TLS, and are known by this file.
# The mock as the gateway reaches it, and as the tests do (traffic and control).
UPSTREAM_URL = os.environ.get("WEIR_UPSTREAM_URL")  # "http://mock:8082/v1"
UPSTREAM_ADDRESS = os.environ.get("WEIR_UPSTREAM_ADDRESS", "127.0.0.1:8082")
UPSTREAM_CONTROL = os.environ.get("WEIR_UPSTREAM_CONTROL", "127.0.0.1:8083")
# Its containers: "edge=ID,identity=ID,...". The first is an edge.
CONTAINERS = [each.partition("=")[2]
              for each in os.environ.get("WEIR_CONTAINERS", "").split(",") if each]
# A command that starts what a test wants of its own beside it: "edge FOLDER", "mock FOLDER OPTION...".
BESIDE = shlex.split(os.environ.get("WEIR_BESIDE", ""))

# What is tested: "standalone" (one process) or "suite" (a process a service).
TOPOLOGY = os.environ.get("WEIR_TOPOLOGY", "standalone")
# Of a suite that tests share: edges, and replicas of quota and identity. Calls take turns.
REPLICAS = int(os.environ.get("WEIR_SUITE_REPLICAS", "1"))


def is_suite():
    """Whether a suite of processes is tested."""
    assert TOPOLOGY in ("standalone", "suite"), TOPOLOGY
    return TOPOLOGY == "suite"


def is_external():
    """Whether an installation that runs already is tested."""
    return BASE_URL is not None


def patience(seconds):
    """`seconds` on this machine."""
    return seconds * SLOW_FACTOR


def gateway_environment():
    """The environment without the tests' own settings: WEIR_* overrides the gateway's configuration."""
    return {name: value for name, value in os.environ.items() if not name.startswith("WEIR_")}
