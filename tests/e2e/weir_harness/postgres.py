"""A PostgreSQL server of a test's own, that can be killed and started again."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from .gateway import free_ports
from .waiting import eventually

PASSWORD = "a-password-of-the-database"  # At the port; the socket asks for none.
PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")


def _as_postgres(*words):
    """A command that ends with this process; the server refuses to be root."""
    user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
    return ["setpriv", "--pdeathsig=KILL", *user, "--", *map(str, words)]


class Postgres:
    """Reached by a Unix socket in its temporary folder and, with TLS, at a port of localhost; the
    database weir is of the user weir."""

    def __init__(self):
        self.port = free_ports(1)[0]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-postgres-", dir="/tmp"))
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self._process = None
        self._databases = 0
        password_file = self.folder / "password"
        password_file.write_text(PASSWORD)
        self._run(PROGRAMS / "initdb", "--pgdata", self._data, "--username=weir",
                  "--pwfile", password_file, "--auth-local=trust", "--auth-host=scram-sha-256",
                  "--encoding=UTF8", "--no-locale", "--no-sync")
        self._make_certificate()
        self.start()
        self._create("weir")

    @property
    def _data(self):
        return self.folder / "data"

    @property
    def ca(self):
        """What its certificate is signed by: itself."""
        return self.folder / "server.crt"

    def _make_certificate(self):
        self._run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                  "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                  "-addext", "subjectAltName=DNS:localhost", "-keyout",
                  self.folder / "server.key", "-out", self.ca)

    def section(self):
        """Of a gateway's configuration: by the socket."""
        return {"kind": "postgres", "address": f"{self.folder}:{self.port}"}

    def tls_section(self, ca=None, host="localhost", password=PASSWORD):
        """By the port, whose certificate must be of `ca`."""
        return {"kind": "postgres", "address": f"{host}:{self.port}", "password": password,
                "tls": {"mode": "verify-full", "ca": str(ca or self.ca)}}

    def new_database(self):
        """An empty one, by name."""
        self._databases += 1
        name = f"weir{self._databases}"
        self._create(name)
        return name

    def _create(self, database):
        self._run(PROGRAMS / "createdb", "--host", self.folder, "--port", self.port,
                  "--username=weir", database)

    def _run(self, program, *words):
        done = subprocess.run(_as_postgres(program, *words), cwd="/", text=True,
                              capture_output=True, check=False)
        assert done.returncode == 0, done.stderr

    def start(self):
        """Returns when it lets in."""
        def answers():
            if self._process is None or self._process.poll() is not None:
                # A killed server's memory may be in use a moment longer.
                self._process = self._spawn()
            ready = subprocess.run([PROGRAMS / "pg_isready", "--host", self.folder, "--port",
                                    str(self.port)], capture_output=True, check=False)
            return ready.returncode == 0
        eventually(answers, within=30, what="PostgreSQL")

    def _spawn(self):
        with open(self.folder / "server.log", "ab") as log:
            return subprocess.Popen(
                _as_postgres(PROGRAMS / "postgres", "-D", self._data, "-k", self.folder, "-p",
                             self.port, "-h", "127.0.0.1", "-F", "--ssl=on",
                             f"--ssl_cert_file={self.ca}",
                             f"--ssl_key_file={self.folder / 'server.key'}"),
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
