"""What weir is measured beside: nginx as a plain reverse proxy, and crabllm."""

import shutil
import pathlib

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
      proxy_buffering {buffering};
    }}
  }}
}}
"""


class Nginx(Process):
    """Passes on, checks nothing. Buffers answers as it does by default, streams not."""

    def __init__(self, upstream_port, folder, *, buffering=True):
        folder.mkdir(parents=True)
        (self.port,) = free_ports(1)
        config = folder / "nginx.conf"
        config.write_text(NGINX_CONFIG.format(
            folder=folder, loopback=settings.LOOPBACK, upstream_port=upstream_port, port=self.port,
            buffering="on" if buffering else "off"))
        super().__init__("nginx", ["nginx", "-p", folder, "-c", config, "-e",
                                   folder / "nginx-error.log"],
                         core=settings.GATEWAY_CORE, folder=folder)
        self.wait_for(lambda: is_listening(self.port))


def find_crabllm():
    """Where it is, or None."""
    return shutil.which("crabllm") or shutil.which(
        "crabllm", path=str(pathlib.Path.home() / ".cargo/bin"))


def crabllm_config(rung, port, upstream_port, keys):
    """TOML: the same keys; limits a key and minute, a budget, usage, all in memory."""
    lines = [f'listen = "{settings.LOOPBACK}:{port}"', "openapi = false",
             "[providers.openai]", 'kind = "openai"', 'api_key = "upstream-key"',
             f'base_url = "http://{settings.LOOPBACK}:{upstream_port}/v1"',
             f'models = ["{settings.MODEL}"]']
    if rung.limited:
        lines += [f'[models."{settings.MODEL}".pricing]', "input_cost_per_million = 0.15",
                  "output_cost_per_million = 0.6", "[extensions]",
                  f"rate_limit = {{ requests_per_minute = {settings.NEVER}, "
                  f"tokens_per_minute = {settings.NEVER} }}",
                  "usage = {}", "budget = { default_budget = 1000000.0 }"]
    for number, value in enumerate(keys if rung.keyed else ()):
        lines += ["[[keys]]", f'name = "load-{number:05}"', f'key = "{value}"', 'models = ["*"]']
    return "\n".join(lines) + "\n"


class Crabllm(Process):
    """crabllm with what it has of the rung; logs warnings only."""

    def __init__(self, binary, rung, upstream_port, keys, folder):
        folder.mkdir(parents=True)
        (self.port,) = free_ports(1)
        config = folder / "crabllm.toml"
        config.write_text(crabllm_config(rung, self.port, upstream_port, keys))
        super().__init__("crabllm", [binary, "serve", "--config", config],
                         core=settings.GATEWAY_CORE, folder=folder, env={"RUST_LOG": "warn"})
        self.wait_for(lambda: is_listening(self.port))
