"""weir in one process, as `weir --config FILE` starts it."""

import http.client
import json

from . import settings
from .ports import free_ports
from .process import Process
from .rungs import limit_documents, policy_documents

KEYS_A_FILE = 2_500


def documents(rung, upstream_port, keys):
    """Files of documents: {name: documents}. JSON is YAML."""
    files = {"models": [
        {"kind": "Provider", "name": "upstream",
         "spec": {"baseUrl": f"http://{settings.LOOPBACK}:{upstream_port}/v1",
                  "authValue": "Bearer upstream-key"}},
        {"kind": "Model", "name": settings.MODEL,
         "spec": {"targets": [{"provider": "upstream"}], "outputTokensMax": 4096}}]}
    if rung.limited:
        files["limits"] = limit_documents()
    if policies := policy_documents(rung):
        files["policies"] = policies
    for start in range(0, len(keys) if rung.keyed else 0, KEYS_A_FILE):
        files[f"keys-{start:05}"] = [
            {"kind": "Key", "name": f"load-{start + number:05}", "spec": {"value": value}}
            for number, value in enumerate(keys[start:start + KEYS_A_FILE])]
    return files


def configuration(rung, folder, port, ops_port, admin_port):
    return {
        "profile": "dev",
        "data": str(folder / "data"),
        "secrets": str(folder / "secrets"),
        "bootstrap": str(folder / "bootstrap"),
        "log": {"level": rung.log_level},
        "auth": {"mode": "required" if rung.keyed else "open"},
        "listeners": [{"name": "load", "address": f"{settings.LOOPBACK}:{port}"}],
        "ops": {"address": f"{settings.LOOPBACK}:{ops_port}"},
        "admin": {"address": f"{settings.LOOPBACK}:{admin_port}"},
        "edge": {"loops": 1},
        "egress": {"allow": ["127.0.0.0/8"], "allow_plaintext": True},
    }


class Weir(Process):
    """Ready when it is made."""

    def __init__(self, binary, rung, upstream_port, keys, folder):
        self.port, self._ops_port, admin_port = free_ports(3)
        bootstrap = folder / "bootstrap"
        bootstrap.mkdir(parents=True)
        for name, each in documents(rung, upstream_port, keys).items():
            text = "\n---\n".join(map(json.dumps, each))
            (bootstrap / f"{name}.yaml").write_text(text + "\n")
        config = folder / "weir.yaml"
        config.write_text(json.dumps(
            configuration(rung, folder, self.port, self._ops_port, admin_port), indent=2))
        super().__init__("weir", [binary, "--config", config], core=settings.GATEWAY_CORE,
                         folder=folder)
        self.wait_for(self._is_ready)

    def _is_ready(self):
        connection = http.client.HTTPConnection(settings.LOOPBACK, self._ops_port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        finally:
            connection.close()
