"""The admin door: a weir-admin process before a gateway's admin port, or the one that the environment names."""

import json
import os
import subprocess
import time
import urllib.parse

import yaml

from . import settings
from .gateway import LOOPBACK, unverified
from .suite import SERVICES
from .waiting import eventually
from .wire import Http


class Door:
    """Methods of the admin services as curl calls them: JSON over HTTP."""

    def __init__(self, host, port, token, tls=None):
        self.http = Http(host, port, tls)
        self.host = f"{host}:{port}"
        self.token = token

    def post(self, method, body=None, headers=(), token=None):
        """The answer of "package.Service/Method"; a header that is None is left out."""
        text = body if isinstance(body, (str, bytes)) else json.dumps(body or {})
        sent = {"Content-Type": "application/json",
                "Authorization": f"Bearer {self.token if token is None else token}",
                **dict(headers)}
        sent = {name: value for name, value in sent.items() if value is not None}
        return self.http.request("POST", f"/{method}", text, sent)

    def call(self, method, body=None):
        """The same, and it must be well."""
        reply = self.post(method, body)
        assert reply.status == 200, reply
        return reply.json()


def _addresses(text):
    if "=" in text:
        return dict(each.split("=") for each in text.split(","))
    return {name: text for name in SERVICES}


class DoorProcess(Door):
    """`weir-admin --config FILE` in `folder`, before `admin_address` ("HOST:PORT", or one for each
    service: "identity=HOST:PORT,..."), which it knows by `ca` or shows all of `peer_tls`. Ready when
    made, unless `wait` is false; further arguments are the section `door`."""

    def __init__(self, folder, ports, admin_address, token, peer_tls=None, wait=True, **door):
        port, ops_port = ports
        super().__init__(LOOPBACK, port, token, unverified() if "tls" in door else None)
        self.ops = Http(LOOPBACK, ops_port)
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "weir-admin.log"
        config = folder / "admin.yaml"
        config.write_text(yaml.safe_dump({
            "profile": "dev",
            "door": {"address": self.host, **door},
            "services": {name: {"admin": address}
                         for name, address in _addresses(admin_address).items()},
            **({"rpc": {"tls": peer_tls}} if peer_tls else {}),
            "ops": {"address": f"{LOOPBACK}:{ops_port}"}}))
        with open(self._log, "ab") as log:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                [settings.BIN_DIR / "weir-admin", "--config", config], stdout=log, stderr=log,
                env=settings.gateway_environment())
        eventually(self.is_ready if wait else self._is_alive, within=20, what="the door")

    def is_ready(self):
        assert self.process.poll() is None, f"weir-admin ended: {self.output()[-3000:]}"
        try:
            return self.ops.get("/readyz").status == 200
        except OSError:
            time.sleep(0.02)
            return False

    def _is_alive(self):
        self.is_ready()
        try:
            return self.ops.get("/livez").status == 200
        except OSError:
            return False

    def output(self):
        return self._log.read_text(errors="replace")

    def stop(self):
        """Ends it; returns its exit status."""
        self.process.terminate()
        status = self.process.wait(timeout=settings.patience(15))
        assert "Sanitizer" not in self.output(), self.output()[-5000:]
        return status


def running_door():
    """The door that WEIR_DOOR_URL names; None: there is none."""
    url = os.environ.get("WEIR_DOOR_URL")
    if not url:
        return None
    parts = urllib.parse.urlsplit(url)
    return Door(parts.hostname, parts.port, settings.ADMIN_TOKEN)
