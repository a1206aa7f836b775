"""What weir is measured beside: nginx as a plain reverse proxy, and crabllm."""

import http.client
import json
import pathlib
import secrets
import shutil

from . import settings
from .ports import free_ports, is_listening
from .process import Process

NGINX_CONFIG = """
daemon off;
master_process on;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream provider {{
    server {loopback}:{upstream_port};
    keepalive 256;
    keepalive_requests 1000000000;
  }}
  server {{
    listen {loopback}:{port} backlog=1024;
    location / {{
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }}
  }}
}}
"""


class Nginx(Process):
    """Passes on, checks nothing. Buffers as it does by default, which is the cheapest for it."""

    def __init__(self, upstream_port, folder):
        folder.mkdir(parents=True)
        (self.port,) = free_ports(1)
        config = folder / "nginx.conf"
        config.write_text(NGINX_CONFIG.format(
            folder=folder, loopback=settings.LOOPBACK, upstream_port=upstream_port, port=self.port))
        super().__init__("nginx", ["nginx", "-p", folder, "-c", config, "-e",
                                   folder / "nginx-error.log"],
                         core=settings.GATEWAY_CORE, folder=folder)
        self.wait_for(lambda: is_listening(self.port))


def find_crabllm():
    """Where it is, or None."""
    return shutil.which("crabllm") or shutil.which(
        "crabllm", path=str(pathlib.Path.home() / ".cargo/bin"))


def crabllm_config(rung, port, upstream_port, admin_token):
    """TOML: limits a key and minute, a budget, usage, all in memory."""
    lines = [f'listen = "{settings.LOOPBACK}:{port}"', "openapi = false"]
    if rung.keyed:
        lines += [f'admin_token = "{admin_token}"']
    lines += ["[providers.openai]", 'kind = "openai"', 'api_key = "upstream-key"',
              f'base_url = "http://{settings.LOOPBACK}:{upstream_port}/v1"',
              f'models = ["{settings.MODEL}"]']
    if rung.limited:
        lines += [f'[models."{settings.MODEL}".pricing]', "input_cost_per_million = 0.15",
                  "output_cost_per_million = 0.6", "[extensions]",
                  f"rate_limit = {{ requests_per_minute = {settings.NEVER}, "
                  f"tokens_per_minute = {settings.NEVER} }}",
                  "usage = {}", "budget = { default_budget = 1000000.0 }"]
    return "\n".join(lines) + "\n"


class Crabllm(Process):
    """crabllm with what it has of the rung; logs warnings only.

    Its keys are made through its admin API and lie in memory. Those of its file it copies with each
    request, which takes 25 ms for 10,000 of them: that would measure nothing else.
    """

    def __init__(self, binary, rung, upstream_port, folder):
        folder.mkdir(parents=True)
        (self.port,) = free_ports(1)
        self._admin_token = secrets.token_hex(16)
        config = folder / "crabllm.toml"
        config.write_text(crabllm_config(rung, self.port, upstream_port, self._admin_token))
        super().__init__("crabllm", [binary, "serve", "--config", config],
                         core=settings.GATEWAY_CORE, folder=folder, env={"RUST_LOG": "warn"})
        self.wait_for(lambda: is_listening(self.port))
        self.keys = self._make_keys() if rung.keyed else []

    def _make_keys(self):
        connection = http.client.HTTPConnection(settings.LOOPBACK, self.port, timeout=10)
        try:
            return [self._make_key(connection, number) for number in range(settings.KEYS)]
        finally:
            connection.close()

    def _make_key(self, connection, number):
        connection.request(
            "POST", "/v1/admin/keys", json.dumps({"name": f"load-{number:05}", "models": ["*"]}),
            {"Authorization": f"Bearer {self._admin_token}", "Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"crabllm answered {answer.status} to a new key: {text[:300]!r}")
        return json.loads(text)["key"]
