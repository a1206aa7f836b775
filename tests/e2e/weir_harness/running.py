"""The installation that the environment names, and an edge of a test's own beside it."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import urllib.parse

import pytest

from . import settings
from .containers import LOOPBACK, ContainerProcess, Forwarder
from .gateway import Installation, unverified
from .waiting import eventually
from .wire import Http

# What an edge of a test's own may be told; the rest is the installation's.
OWN_SECTIONS = {"edge", "log"}


def start_beside(*words):
    """Has the installation's command start something; returns what it says of it."""
    done = subprocess.run([*settings.BESIDE, *map(os.fspath, words)], capture_output=True,
                          text=True, timeout=settings.patience(60), check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


class Running(Installation):
    """What is the same for all that belongs to the installation: its admin ports and their token."""

    def __init__(self):
        self.admin_address, self.admin_ca = settings.ADMIN_ADDRESS, settings.ADMIN_CA
        # Which its owner alone can read, as weirctl asks of it.
        # pylint: disable-next=consider-using-with
        self._token = tempfile.NamedTemporaryFile("w", prefix="weir-token-")
        self._token.write(settings.ADMIN_TOKEN)
        self._token.flush()

    @property
    def token_file(self):
        return pathlib.Path(self._token.name)

    def close(self):
        self.close_admin()
        self._token.close()


class RunningGateway(Running):
    """The installation that WEIR_BASE_URL and its companions name."""

    def __init__(self):
        super().__init__()
        self.http = _http(settings.BASE_URL)
        self.tls = _http(settings.TLS_URL, unverified()) if settings.TLS_URL else None
        self.ops = _http(settings.OPS_URL)
        self._listener = _http(settings.EDGE_URL) if settings.EDGE_URL else None
        self._containers = [ContainerProcess(each) for each in settings.CONTAINERS]
        # The first edge's; None: out of reach.
        self.process = self._containers[0] if self._containers else None

    @property
    def listener(self):
        return self._listener or self.http

    def check_alive(self):
        assert self.ops.get("/livez").status == 200

    def stop(self):
        self.close()
        return 0

    def output(self):
        """All that its containers wrote to stdout and stderr."""
        return "".join(each.output() for each in self._containers)


class OwnEdge(Running):
    """An edge with a configuration of its own on the services of the installation: what Gateway is,
    as far as that goes. Its `stop` leaves those running."""

    def __init__(self, folder, *, start=True, **sections):
        if set(sections) - OWN_SECTIONS:
            pytest.skip(f"configures {sorted(set(sections) - OWN_SECTIONS)}: more than an edge")
        super().__init__()
        self.folder = folder
        folder.mkdir(parents=True)
        sections = {"edge": {"loops": 2, "drain": "10s"}, **sections}
        (folder / "sections.json").write_text(json.dumps(sections))
        self.process, self._made, self._ways = None, {}, []
        self.http, self.ops = Http(LOOPBACK, 0), Http(LOOPBACK, 0)
        if start:
            try:
                self.start()
            except BaseException:
                self.discard()  # Nobody else has it yet.
                raise

    def start(self):
        """Returns when it is ready."""
        if self.process is None:
            self._made = start_beside("edge", self.folder)
            self.process = ContainerProcess(self._made["container"])
        else:
            self.process.start()
        self._close_ways()
        self._ways = [Forwarder(self.process.pid, self._made[name]) for name in ("http", "ops")]
        self.http.port, self.ops.port = (way.port for way in self._ways)
        eventually(self._is_ready, within=20, what="readiness")

    def _is_ready(self):
        self.check_alive()
        try:
            return self.ops.get("/readyz").status == 200
        except OSError:
            return False

    def _close_ways(self):
        for way in self._ways:
            way.close()
        self._ways = []

    def check_alive(self):
        status = self.process.poll()
        assert status is None, f"the edge ended with {status}: {self.output()[-3000:]}"

    def stop(self, by=signal.SIGTERM, within=15):
        """Ends it by a signal; returns its exit status."""
        self.close_admin()
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(by)
        status = self.process.wait(timeout=settings.patience(within))
        said = self.output()
        # A test that searches the folder finds what everybody said.
        for name, text in (("edge", said), ("others", self._others())):
            (self.folder / f"{name}.log").write_text(text)
        assert "Sanitizer" not in said, said[-5000:]
        return status

    def output(self):
        """All that it wrote to stdout and stderr."""
        return self.process.output() if self.process else ""

    @staticmethod
    def _others():
        return "".join(ContainerProcess(each).output() for each in settings.CONTAINERS)

    def discard(self):
        """After stop: its container and the ways to it."""
        self._close_ways()
        if self.process is not None:
            self.process.remove()
        self.close()


def _http(url, tls=None):
    parts = urllib.parse.urlsplit(url)
    return Http(parts.hostname, parts.port, tls)
