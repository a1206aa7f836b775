"""A weir process of the tests' own, or the installation that the environment names."""

import json
import os
import signal
import socket
import ssl
import subprocess
import time

import yaml

from . import settings
from .admin import Admin
from .waiting import eventually
from .wire import Http

LOOPBACK = "127.0.0.1"


def free_ports(count):
    """Ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind((LOOPBACK, 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def unverified():
    """TLS towards a certificate that nobody signed."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Installation:
    """What is the same for one process and for many: `http`, `admin_address`, `token_file` and
    `output()` are theirs."""

    admin_ca = None  # The file that the admin ports are known by; None: they speak no TLS.
    _admin = None

    @property
    def listener(self):
        """What weir itself reads, without a balancer before it."""
        return self.http

    @property
    def admin(self):
        if self._admin is None:
            self._admin = self.admin_as(self.token_file.read_text().strip())
        return self._admin

    def admin_as(self, token):
        """The admin ports as who has this token sees them."""
        return Admin(self.admin_address, token, self.admin_ca)

    def close_admin(self):
        if self._admin is not None:
            self._admin.close()
            self._admin = None

    def log(self, event=None):
        """The log's lines, or those of one event, as dictionaries."""
        lines = [json.loads(line) for line in self.output().splitlines() if line.startswith("{")]
        return [line for line in lines if event in (None, line.get("event"))]


class Gateway(Installation):
    """One weir process: `weir --config FILE` in `folder`. Starts at once unless `start` is false."""

    def __init__(self, folder, *, documents=(), start=True, **sections):
        self.folder = folder
        self.port, self.tls_port, self.ops_port, self.admin_port = free_ports(4)
        self.http = Http(LOOPBACK, self.port)
        self.tls = Http(LOOPBACK, self.tls_port, unverified())
        self.ops = Http(LOOPBACK, self.ops_port)
        self.admin_address = f"{LOOPBACK}:{self.admin_port}"
        self.process = None
        folder.mkdir(parents=True, exist_ok=True)
        if documents:
            sections = {"bootstrap": str(self._write(documents)), **sections}
        self._config = folder / "weir.yaml"
        self._config.write_text(yaml.safe_dump({**self._defaults(), **sections}))
        if start:
            self.start()

    def _write(self, documents):
        bootstrap = self.folder / "bootstrap"
        bootstrap.mkdir(exist_ok=True)
        for number, document in enumerate(documents):
            (bootstrap / f"{number:02}.yaml").write_text(yaml.safe_dump(document))
        return bootstrap

    def _defaults(self):
        return {
            "profile": "dev",
            "data": str(self.folder / "data"),
            "secrets": str(self.folder / "secrets"),
            "listeners": [
                {"name": "plain", "address": f"{LOOPBACK}:{self.port}"},
                {"name": "tls", "address": f"{LOOPBACK}:{self.tls_port}",
                 "tls": {"self_signed": True}}],
            "ops": {"address": f"{LOOPBACK}:{self.ops_port}"},
            "admin": {"address": self.admin_address},
            "edge": {"loops": 2, "drain": "10s"},
            "egress": {"allow": ["127.0.0.0/8"], "allow_plaintext": True},
            **self._redis(settings.TEST_REDIS),
        }

    @staticmethod
    def _redis(address):
        return {"redis": {"address": address, "command_timeout": "3s"}} if address else {}

    def start(self):
        """Returns when it is ready."""
        out = open(self.folder / "weir.log", "ab")  # pylint: disable=consider-using-with
        err = open(self.folder / "weir.err", "ab")  # pylint: disable=consider-using-with
        with out, err:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                [settings.BIN_DIR / "weir", "--config", self._config], stdout=out, stderr=err,
                env=settings.gateway_environment())
        eventually(self._is_ready, within=20, what="readiness")

    def _is_ready(self):
        status = self.process.poll()
        assert status is None, f"weir ended with {status}: {self.output()[-3000:]}"
        try:
            return self.ops.get("/readyz").status == 200
        except OSError:
            time.sleep(0.02)
            return False

    def check_alive(self):
        assert self.process.poll() is None, f"weir ended: {self.output()[-3000:]}"

    def stop(self, by=signal.SIGTERM, within=15):
        """Ends it by a signal; returns its exit status."""
        self.close_admin()
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(by)
        status = self.process.wait(timeout=settings.patience(within))
        assert "Sanitizer" not in self.output(), self.output()[-5000:]
        return status

    @property
    def token_file(self):
        return self.folder / "data/admin.token"

    def output(self):
        """All that it wrote to stdout and stderr."""
        return "".join((self.folder / name).read_text(errors="replace")
                       for name in ("weir.log", "weir.err"))


def find_weirctl():
    return os.fspath(settings.BIN_DIR / "weirctl")
