"""The mock provider: tests/mock_upstream, started here or already running."""

import importlib.util
import os

from . import settings

_SOURCE = settings.ROOT / "tests/mock_upstream/conftest.py"


def _load():
    spec = importlib.util.spec_from_file_location("mock_upstream_conftest", _SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_conftest = _load()
chat_body = _conftest.chat_body


def _port(address):
    return int(address.rpartition(":")[2])


class Upstream(_conftest.Mock):
    """A mock provider of its own process."""

    def __init__(self, *options):
        beside = settings.BIN_DIR / "mock_upstream"
        if beside.exists():
            os.environ.setdefault("MOCK_UPSTREAM_BIN", str(beside))
        super().__init__(*options)
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def requests(self, limit=10000):
        """What came, oldest first."""
        return self.control("GET", f"/requests?limit={limit}")["requests"]

    def headers(self):
        """The headers of the last request; names in lower case."""
        return {name.lower(): value for name, value in self.last()["headers"]}


class RunningUpstream(Upstream):
    """The mock of an installation that runs already."""

    def __init__(self):  # pylint: disable=super-init-not-called
        self.port = _port(settings.UPSTREAM_ADDRESS)
        self.control_port = _port(settings.UPSTREAM_CONTROL)
        self.url = settings.UPSTREAM_URL

    def stop(self):
        return 0


def find_upstream():
    return RunningUpstream() if settings.is_external() else Upstream()
