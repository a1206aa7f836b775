"""compose.yaml as one project of its own: its ports, its volumes, its end."""

import functools
import json
import os
import pathlib
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
SLOW_FACTOR = float(os.environ.get("WEIR_SLOW_FACTOR", "1"))
# Of one container's check, start and stop included.
PATIENCE_SECONDS = 180 * SLOW_FACTOR


def run(*words, check=True, **options):
    """What the command printed; an AssertionError has its errors."""
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=300,
                          check=False, **options)
    assert not check or done.returncode == 0, f"{' '.join(words)}: {done.stderr or done.stdout}"
    return done.stdout


@functools.cache
def command():
    """Compose v2 where it is installed, else docker-compose 1.29."""
    v2 = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    return ["docker", "compose"] if v2.returncode == 0 else ["docker-compose"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Container:
    """One that exists, by what the engine says of it."""

    def __init__(self, details):
        self.id = details["Id"]
        self.details = details

    @property
    def service(self):
        return self.details["Config"]["Labels"]["com.docker.compose.service"]

    @property
    def state(self):
        """running, healthy, starting, unhealthy, done, or failed: CODE."""
        state = self.details["State"]
        if state["Status"] == "exited":
            return "done" if state["ExitCode"] == 0 else f"failed: {state['ExitCode']}"
        return state["Health"]["Status"] if "Health" in state else state["Status"]

    @property
    def pid(self):
        return self.details["State"]["Pid"]

    def address(self, network):
        """Its IPv4 address in the network of that name of compose.yaml."""
        for name, each in self.details["NetworkSettings"]["Networks"].items():
            if name.endswith("_" + network):
                return each["IPAddress"]
        raise AssertionError(f"{self.service} is not in network {network}")

    def in_network(self, *words):
        """Runs a program of this machine in the container's network."""
        return run("nsenter", "-t", str(self.pid), "-n", *words)

    def logs(self):
        both = subprocess.run(["docker", "logs", self.id], capture_output=True, text=True,
                              errors="replace", timeout=60, check=False)
        return both.stdout + both.stderr


class Suite:
    """Started once for all tests: `up` again changes what runs."""

    def __init__(self, project):
        self.project = project
        self.port, self.admin_port = free_port(), free_port()
        # Two suites on one machine cannot share the network of the providers.
        network = 100 + os.getpid() % 100
        self.environment = {**os.environ, "WEIR_PORT": str(self.port),
                            "WEIR_ADMIN_PORT": str(self.admin_port),
                            "WEIR_PROVIDERS_SUBNET": f"10.213.{network}.0/24"}

    def compose(self, *words, check=True):
        return run(*command(), "-p", self.project, "--profile", "demo", *words, check=check,
                   cwd=ROOT, env=self.environment)

    def up(self):
        """Returns once all are healthy, or have done their work."""
        self.compose("up", "-d", "--no-build")
        self.settle()

    def scale(self, service, count):
        self.compose("up", "-d", "--no-build", "--no-deps", "--scale", f"{service}={count}", service)
        self.settle(lambda: len(self.containers(service)) == count)

    def weirctl(self, *words):
        """The operator's command line, as docs/howto/compose.md has it."""
        return self.compose("run", "--rm", "-T", "--no-deps", "weirctl", *words)

    @staticmethod
    def eventually(call, within=30):
        """The first answer of `call()` that is no failure of HTTP or of its connection."""
        end = time.monotonic() + within * SLOW_FACTOR
        while True:
            try:
                return call()
            except OSError:
                if time.monotonic() > end:
                    raise
            time.sleep(0.5)

    def settle(self, also=lambda: True):
        """Waits until every container is as it should be, and `also()` holds."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            states = {f"{each.service} {each.id[:6]}": each.state for each in self.containers()}
            if set(states.values()) <= {"healthy", "done"} and also():
                return
            wrong = {name: state for name, state in states.items()
                     if state not in ("healthy", "done")}
            assert time.monotonic() < end, f"not healthy: {wrong}\n{self.logs_of(wrong)}"
            time.sleep(1)

    def logs_of(self, names):
        """What those services said, but of each request."""
        services = {name.split(" ")[0] for name in names}
        said = []
        for each in self.containers():
            if each.service in services:
                lines = [line for line in each.logs().splitlines() if '"request.done"' not in line]
                said.append(f"--- {each.service} {each.id[:6]}\n" + "\n".join(lines)[-3000:])
        return "\n".join(said)

    def containers(self, service=None):
        ids = run("docker", "ps", "-aq", "--filter",
                  f"label=com.docker.compose.project={self.project}",
                  "--filter", "label=com.docker.compose.oneoff=False").split()
        # One that is gone between the two commands is left out.
        found = json.loads(run("docker", "inspect", *ids, check=False) or "[]") if ids else []
        return [each for each in map(Container, found) if service in (None, each.service)]

    def container(self, service):
        return self.containers(service)[0]

    def secret(self, volume, name):
        """A file of a volume of secrets."""
        return self.secret_files()[f"{volume}/{name}"].read_text().strip()

    def secret_files(self):
        """Every file of every volume of secrets, by volume and name."""
        volumes = [name for name in run("docker", "volume", "ls", "-q").split()
                   if name.startswith(f"{self.project}_secrets-")]
        tops = run("docker", "volume", "inspect", "-f", "{{.Mountpoint}}", *volumes).split()
        return {f"{volume.split('secrets-')[1]}/{path.relative_to(top)}": path
                for volume, top in zip(volumes, map(pathlib.Path, tops))
                for path in sorted(top.rglob("*")) if path.is_file()}

    def down(self):
        self.compose("down", "-v", "--remove-orphans", "-t", "10", check=False)
