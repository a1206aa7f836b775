"""A PostgreSQL server of a test's own, that can be killed and started again."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from .waiting import eventually

PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")
PORT = 5432  # Of the socket's name alone: it listens at no port.


def _as_postgres(*words):
    """A command that ends with this process; the server refuses to be root."""
    user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
    return ["setpriv", "--pdeathsig=KILL", *user, "--", *map(str, words)]


class Postgres:
    """Reached by a Unix socket in its temporary folder; the database weir is of the user weir."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-postgres-", dir="/tmp"))
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self._process = None
        self._databases = 0
        self._run("initdb", "--pgdata", self._data, "--username=weir", "--auth=trust",
                  "--encoding=UTF8", "--no-locale", "--no-sync")
        self.start()
        self._run("createdb", "--host", self.folder, "--username=weir", "weir")

    @property
    def _data(self):
        return self.folder / "data"

    def section(self):
        """Of a gateway's configuration."""
        return {"kind": "postgres", "address": f"{self.folder}:{PORT}"}

    def new_database(self):
        """An empty one, by name."""
        self._databases += 1
        name = f"weir{self._databases}"
        self._run("createdb", "--host", self.folder, "--username=weir", name)
        return name

    def _run(self, program, *words):
        done = subprocess.run(_as_postgres(PROGRAMS / program, *words), cwd="/", text=True,
                              capture_output=True, check=False)
        assert done.returncode == 0, done.stderr

    def start(self):
        """Returns when it lets in."""
        def answers():
            if self._process is None or self._process.poll() is not None:
                # A killed server's memory may be in use a moment longer.
                self._process = self._spawn()
            ready = subprocess.run([PROGRAMS / "pg_isready", "--host", self.folder],
                                   capture_output=True, check=False)
            return ready.returncode == 0
        eventually(answers, within=30, what="PostgreSQL")

    def _spawn(self):
        with open(self.folder / "server.log", "ab") as log:
            return subprocess.Popen(
                _as_postgres(PROGRAMS / "postgres", "-D", self._data, "-k", self.folder, "-c",
                             "listen_addresses=", "-c", f"port={PORT}", "-c", "fsync=off"),
                cwd="/", stdout=log, stderr=log)

    def send(self, number):
        """A signal to all of it."""
        children = pathlib.Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        for each in [self._process.pid, *map(int, children.read_text().split())]:
            try:
                os.kill(each, number)
            except ProcessLookupError:
                pass

    def kill(self):
        """kill -9 of all of it."""
        self.send(signal.SIGKILL)
        self._process.wait()

    def stop(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
