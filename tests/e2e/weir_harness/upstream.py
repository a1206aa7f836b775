"""The mock provider: tests/mock_upstream, started here or already running."""

import http.client
import importlib.util
import os
import urllib.parse

from . import settings
from .containers import LOOPBACK, ContainerProcess, Forwarder
from .gateway import free_ports, unverified
from .running import start_beside

_SOURCE = settings.ROOT / "tests/mock_upstream/conftest.py"


def _load():
    spec = importlib.util.spec_from_file_location("mock_upstream_conftest", _SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_conftest = _load()
chat_body = _conftest.chat_body


class Upstream(_conftest.Mock):
    """A mock provider of its own process."""

    def __init__(self, *options):
        beside = settings.BIN_DIR / "mock_upstream"
        if beside.exists():
            os.environ.setdefault("MOCK_UPSTREAM_BIN", str(beside))
        super().__init__(*options)
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def url_of_nobody(self):
        """Where no provider listens, beside this one."""
        return f"http://127.0.0.1:{free_ports(1)[0]}/v1"

    def requests(self, limit=10000):
        """What came, oldest first."""
        return self.control("GET", f"/requests?limit={limit}")["requests"]

    def headers(self):
        """The headers of the last request; names in lower case."""
        return {name.lower(): value for name, value in self.last()["headers"]}


class RunningUpstream(Upstream):
    """A mock that runs already; `url` is the gateway's way to it, the ports are the tests'."""

    def __init__(self, url, address, control):  # pylint: disable=super-init-not-called
        self.url = url
        self.port, self.control_port = _port(address), _port(control)

    def client(self):
        if self.url.startswith("https:"):
            return http.client.HTTPSConnection(LOOPBACK, self.port, timeout=10, context=unverified())
        return super().client()

    def url_of_nobody(self):
        parts = urllib.parse.urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}:1{parts.path}"

    def stop(self):
        return 0


def _port(address):
    return int(address.rpartition(":")[2])


class SpareUpstream(RunningUpstream):
    """A mock in a container of its own, beside the installation's."""

    def __init__(self, folder, *options):
        self.is_plain = not options
        made = start_beside("mock", folder, *options)
        self._process = ContainerProcess(made["container"])
        self._ways = [Forwarder(self._process.pid, made[name]) for name in ("http", "control")]
        super().__init__(made["url"], *(way.address for way in self._ways))

    @property
    def runs(self):
        return self._process.poll() is None

    def stop(self):
        """For good, as the other mocks; returns its exit status."""
        self._process.terminate()
        return self._process.wait(timeout=10)

    def discard(self):
        for way in self._ways:
            way.close()
        self._process.remove()


class SpareUpstreams:
    """Mocks beside the installation's; those that tests leave running are lent again."""

    def __init__(self, folder):
        self._folder = folder
        self._made, self._idle = [], []

    def lend(self, *options):
        """One without a past."""
        if self._idle and not options:
            return self._idle.pop()
        folder = self._folder / f"mock{len(self._made)}"
        folder.mkdir(parents=True)
        self._made.append(SpareUpstream(folder, *options))
        return self._made[-1]

    def take_back(self, mock):
        if mock.is_plain and mock.runs:
            mock.reset()
            self._idle.append(mock)

    def close(self):
        for each in self._made:
            each.discard()


def find_upstream():
    """The mock that all tests share."""
    if not settings.is_external():
        return Upstream()
    return RunningUpstream(settings.UPSTREAM_URL, settings.UPSTREAM_ADDRESS,
                           settings.UPSTREAM_CONTROL)
