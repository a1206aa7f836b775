"""weir as a suite: the edge and the services that a rung needs, each a process on the gateway's core.

PostgreSQL and Redis are on the core of the load, and what they cost is not counted.
"""

import json
import os
import pathlib
import sys

from . import settings
from .process import Process
from .weir import documents

# With what the end-to-end tests import: deploy/scripts/python_env.sh makes it.
PYTHON = settings.REPOSITORY / ".cache/venv/bin/python"
HARNESS = settings.REPOSITORY / "tests/e2e"


class WeirSuite(Process):
    """Ready when it is made. `binaries`: the folder of its programs."""

    def __init__(self, binaries, rung, upstream_port, keys, folder):
        folder.mkdir(parents=True)
        order = folder / "order.json"
        self._ready = folder / "ready.json"
        order.write_text(json.dumps({
            "folder": str(folder / "suite"), "ready": str(self._ready),
            "documents": documents(rung, upstream_port, keys),
            "services": _services(rung), "log": {"level": rung.log_level},
            "auth": {"mode": "required" if rung.keyed else "open"}}))
        super().__init__("suite", [PYTHON, "-m", "weir_load.suite", order],
                         core=settings.GATEWAY_CORE, folder=folder,
                         env={"WEIR_BIN_DIR": str(binaries),
                              "PYTHONPATH": f"{HARNESS}:{settings.REPOSITORY / 'tests/load'}"})
        self.wait_for(self._ready.exists)
        self.port = json.loads(self._ready.read_text())["port"]

    def tree(self):
        """The processes of weir."""
        return [pid for pid in super().tree() if _name(pid).startswith("weir-")]


def _services(rung):
    return ["identity", "quota", "routing", *(["guardrails"] if rung.guarded else []),
            *(["cache"] if rung.cached else [])]


def _name(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""


def main(order):
    """Starts what `order` says, and ends it with itself."""
    # pylint: disable=import-outside-toplevel,import-error
    import signal
    import threading
    from weir_harness.suite import Suite, stop_stores
    # Before anything is started: children have the affinity of who starts them.
    gateway = os.sched_getaffinity(0)
    ended = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: ended.set())
    os.sched_setaffinity(0, {settings.LOAD_CORE})
    suite = Suite(pathlib.Path(order["folder"]), start=False, services=order["services"],
                  log=order["log"], auth=order["auth"], edge={"loops": 1},
                  files=order["documents"])
    suite.start_stores()
    os.sched_setaffinity(0, gateway)
    try:
        suite.start()
        pathlib.Path(order["ready"]).write_text(json.dumps({"port": suite.port}))
        ended.wait()
    finally:  # Also what runs already where another does not start.
        suite.stop()
        stop_stores()


if __name__ == "__main__":
    main(json.loads(pathlib.Path(sys.argv[1]).read_text()))
