"""A suite of the tests' own: an edge and its services, each a process, on real stores."""

import itertools
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import yaml

from . import settings
from .gateway import LOOPBACK, Installation, find_weirctl, free_ports, unverified
from .postgres import Postgres
from .waiting import eventually
from .wire import Http

SERVICES = ("identity", "quota", "routing", "guardrails", "cache")
ON_REDIS = ("quota", "routing", "cache")
_stores = {}


def shared_postgres():
    """One server for all suites of a run; each has a database of its own."""
    if "postgres" not in _stores:
        _stores["postgres"] = Postgres()
    return _stores["postgres"]


def stop_stores():
    for each in _stores.values():
        each.stop()
    _stores.clear()


class Redis:
    """A server in a folder, reached by a socket."""

    def __init__(self, folder):
        self.socket = folder / "redis.sock"
        self._folder = folder
        self.process = None
        self.start()

    def start(self):
        with open(self._folder / "redis.log", "ab") as log:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self._folder,
                 "--appendonly", "yes", "--save", ""], stdout=log, stderr=log)
        eventually(self._answers, within=10, what="Redis")

    def _answers(self):
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(os.fspath(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    stop = kill


class Process:
    """One program of the suite, with its file and its log."""

    def __init__(self, folder, name, config):
        self.name, self._folder = name, folder
        self._file = folder / f"{name}.yaml"
        self.config = config
        self.configure()
        self.ops = Http(*config["ops"]["address"].split(":"))
        self.process = None

    def configure(self, **sections):
        """Other sections, for its next start."""
        self.config = {**self.config, **sections}
        self._file.write_text(yaml.safe_dump(self.config))

    def start(self, environment=None):
        """Returns when it is ready."""
        self.launch(environment)
        self.await_ready()

    def launch(self, environment=None):
        with open(self._folder / f"{self.name}.log", "ab") as out, \
                open(self._folder / f"{self.name}.err", "ab") as err:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                [settings.BIN_DIR / f"weir-{self.name.partition('-')[0]}", "--config", self._file],
                stdout=out, stderr=err, env={**settings.gateway_environment(), **(environment or {})})

    def await_ready(self):
        eventually(self._is_ready, within=20, what=f"readiness of {self.name}")

    def _is_ready(self):
        self.check_alive()
        try:
            return self.ops.get("/readyz").status == 200
        except OSError:
            time.sleep(0.02)
            return False

    def check_alive(self):
        status = self.process.poll()
        assert status is None, f"{self.name} ended with {status}: {self.output()[-3000:]}"

    def send(self, number):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def stop(self, by=signal.SIGTERM, within=15):
        """Ends it by a signal; returns its exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(by)
        status = self.process.wait(timeout=settings.patience(within))
        assert "Sanitizer" not in self.output(), self.output()[-5000:]
        return status

    def output(self):
        """All that it wrote to stdout and stderr."""
        files = (self._folder / f"{self.name}.log", self._folder / f"{self.name}.err")
        return "".join(each.read_text(errors="replace") for each in files if each.exists())


class Spread(Http):
    """Several edges, as a balancer offers them: each call goes to the next."""

    def __init__(self, edges):
        super().__init__(edges[0].host, edges[0].port)
        self._turns = itertools.cycle(edges)

    def connect(self, timeout=30):
        return next(self._turns).connect(timeout)


class Suite(Installation):
    """What Gateway is, of several processes. Its `process` is the (first) edge's: what a test kills
    and starts again."""

    def __init__(self, folder, *, documents=(), files=None, start=True, replicas=None,
                 with_redis=True, services=SERVICES, **sections):
        """`files`: more documents, lists by the names of their files. `replicas`: how many of a
        part, one where it is not named: {"edge": 2}. Without Redis each quota counts by itself.
        `services`: which of SERVICES there are; the first three always."""
        self.folder = folder
        self.services = tuple(services)
        folder.mkdir(parents=True, exist_ok=True)
        # Paths of sockets are short.
        self._run = pathlib.Path(tempfile.mkdtemp(prefix="weir-suite-", dir="/tmp"))
        counts = {name: (replicas or {}).get(name, 1) for name in (*self.services, "edge")}
        self._names = {name: [name, *(f"{name}-{i}" for i in range(2, count + 1))]
                       for name, count in counts.items()}
        ports = iter(free_ports(3 * sum(counts.values())))
        self._ports = {each: (next(ports), next(ports), next(ports))
                       for names in self._names.values() for each in names}
        self.port, self.tls_port, self.ops_port = self._ports["edge"]
        self.edges = [Http(LOOPBACK, self._ports[name][0]) for name in self._names["edge"]]
        self.http = Spread(self.edges)
        self.tls = Http(LOOPBACK, self.tls_port, unverified())
        self.ops = Http(LOOPBACK, self.ops_port)
        self.admin_address = ",".join(
            f"{name}={LOOPBACK}:{self._ports[name][0]}" for name in self.services)
        self._documents = {f"{number:02}": [each] for number, each in enumerate(documents)}
        self._documents.update(files or {})
        self.redis = None
        self._with_redis = with_redis
        self.postgres = shared_postgres()
        self._database = self.postgres.new_database()
        self.parts = {}
        for part, names in self._names.items():
            for name in names:
                config = (self._edge(name, sections) if part == "edge"
                          else self._service(part, name, sections))
                self.parts[name] = Process(folder, name, config)
        if start:
            try:
                self.start()
            except BaseException:
                self._kill()  # Nobody else has it yet.
                raise

    @property
    def listener(self):
        return self.edges[0]

    def _address(self, part):
        """Of all its replicas."""
        return ",".join(f"unix:{self._run}/{name}.sock" for name in self._names[part])

    def _service(self, part, name, sections):
        admin, ops, _ = self._ports[name]
        config = {
            "profile": "dev",
            "secrets": str(self.folder / f"secrets-{part}"),
            "database": {**self.postgres.section(), "name": self._database},
            "rpc": {"address": f"unix:{self._run}/{name}.sock"},
            "admin": {"address": f"{LOOPBACK}:{admin}"},
            "ops": {"address": f"{LOOPBACK}:{ops}"},
            "log": sections.get("log", {}),
        }
        if part != "identity":
            config["services"] = {"identity": {"address": self._address("identity")}}
        if part in ON_REDIS and self._with_redis:
            config["redis"] = {"address": f"unix:{self._run}/redis.sock"}
        if part == "routing":
            config["routing"] = {"allow_plaintext_upstreams": True}
        if part in sections:
            config[part] = {**config.get(part, {}), **sections[part]}
        return config

    def _edge(self, name, sections):
        port, tls_port, ops = self._ports[name]
        config = {
            "profile": "dev",
            "data": str(self.folder / "data"),
            "secrets": str(self.folder / "secrets-edge"),
            "listeners": [
                {"name": "plain", "address": f"{LOOPBACK}:{port}"},
                {"name": "tls", "address": f"{LOOPBACK}:{tls_port}",
                 "tls": {"self_signed": True}}],
            "ops": {"address": f"{LOOPBACK}:{ops}"},
            "edge": {"loops": 2, "drain": "10s"},
            "egress": {"allow": ["127.0.0.0/8"], "allow_plaintext": True},
            "services": {part: {"address": self._address(part)} for part in self.services},
        }
        return {**config, **{section: value for section, value in sections.items()
                             if section not in SERVICES}}

    def start_stores(self):
        if self.redis is None and self._with_redis:
            self.redis = Redis(self._run)

    def start(self):
        """Starts what does not run; returns when all of it is ready."""
        self.start_stores()
        # Whoever comes first makes the secrets and the schema.
        for part in (*self.services, "edge"):
            if part == "edge" and self._documents:
                self._apply()
            self._start(part)

    def start_parts(self, *parts):
        """These alone, as far as they do not run."""
        for part in parts:
            self._start(part)

    def _start(self, part):
        waiting = []
        for name in self._names[part]:
            process = self.parts[name]
            if process.process is None or process.process.poll() is not None:
                process.launch()
                waiting.append(process)
        for process in waiting:
            process.await_ready()

    def _apply(self):
        documents = self.folder / "documents"
        documents.mkdir(exist_ok=True)
        for name, each in self._documents.items():
            # JSON is YAML, and read in a tenth of the time.
            text = "\n---\n".join(map(json.dumps, each))
            (documents / f"{name}.yaml").write_text(text + "\n")
        done = subprocess.run(
            [find_weirctl(), "--address", self.admin_address, "--token-file", self.token_file,
             "apply", "-f", documents], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    @property
    def process(self):
        return self.parts["edge"].process

    def check_alive(self):
        for part in self.parts.values():
            part.check_alive()

    def stop(self, by=signal.SIGTERM, within=15):
        """Ends the edge by a signal, then the rest; returns the edge's exit status."""
        self.close_admin()
        try:
            status = self.parts["edge"].stop(by, within)
            for part in ("edge", *reversed(self.services)):
                for name in self._names[part]:
                    if name != "edge":
                        assert self.parts[name].stop() == 0, self.parts[name].output()[-3000:]
        finally:
            self._kill()
        return status

    def _kill(self):
        """What still runs, Redis too: a test that fails leaves nothing behind."""
        for part in self.parts.values():
            if part.process is not None and part.process.poll() is None:
                part.process.kill()
                part.process.wait()
        if self.redis is not None:
            self.redis.kill()
            self.redis = None

    def resume(self):
        """Wakes whatever a test has paused."""
        for part in self.parts.values():
            part.send(signal.SIGCONT)
        self.postgres.send(signal.SIGCONT)
        if self.redis is not None:
            self.redis.process.send_signal(signal.SIGCONT)

    def discard(self):
        """After stop: what it leaves in the machine's temporary folder."""
        shutil.rmtree(self._run, ignore_errors=True)

    @property
    def token_file(self):
        return self.folder / "secrets-identity/admin.token"

    def output(self):
        """All that its processes wrote to stdout and stderr."""
        return "".join(part.output() for part in self.parts.values())
