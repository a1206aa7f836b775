"""Containers that run already, as tests use processes; and ways to what listens on their loopback."""

import ctypes
import json
import os
import signal
import socket
import struct
import subprocess
import threading
import time

from .settings import patience

LOOPBACK = "127.0.0.1"
CLONE_NEWNET = 0x40000000
ROOM = 65536  # Bytes that a forwarder has in hand, each way.
_libc = ctypes.CDLL(None, use_errno=True)


def docker(*words):
    """What the command printed."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True, errors="replace",
                          timeout=patience(60), check=False)
    assert done.returncode == 0, f"docker {' '.join(words)}: {done.stderr}"
    return done.stdout


class ContainerProcess:
    """The first process of a container, to be used as a subprocess.Popen."""

    def __init__(self, container):
        self.id = container
        self.pid = self._state()["Pid"]

    def _state(self):
        return json.loads(docker("inspect", "-f", "{{json .State}}", self.id))

    def poll(self):
        """Its exit status; None while it runs."""
        if self.pid and os.path.exists(f"/proc/{self.pid}"):
            return None
        state = self._state()
        return None if state["Running"] else state["ExitCode"]

    def wait(self, timeout=30):
        """Its exit status, once the engine has it."""
        end = time.monotonic() + timeout
        while (status := self.poll()) is None:
            assert time.monotonic() < end, f"container {self.id[:12]} did not end in {timeout} s"
            time.sleep(0.02)
        return status

    def send_signal(self, number):
        os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def start(self):
        """Once more, after its end."""
        docker("start", self.id)
        self.pid = self._state()["Pid"]

    def output(self):
        """All that it wrote to stdout and stderr, in earlier runs too."""
        both = subprocess.run(["docker", "logs", self.id], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=patience(60), check=True)
        return both.stdout

    def remove(self):
        """Ends it in no order, and what is left of it."""
        docker("rm", "-f", "-v", self.id)


class Forwarder:
    """A port of this machine's loopback that leads to one of a container's loopback.

    Its connections are made within the container's network, by threads that enter it; nothing is
    opened there. As long as a container runs: after a start it has another network.
    """

    def __init__(self, pid, port):
        # pylint: disable=consider-using-with
        self._network = open(f"/proc/{pid}/ns/net", "rb")
        self._to = port
        self._listener = socket.create_server((LOOPBACK, 0), backlog=256)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):  # Of those that come, too.
            self._listener.setsockopt(socket.SOL_SOCKET, option, ROOM)
        self.port = self._listener.getsockname()[1]
        self.address = f"{LOOPBACK}:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        """No more connections; those that are open stay."""
        self._listener.shutdown(socket.SHUT_RDWR)  # Wakes who accepts.
        self._listener.close()
        self._network.close()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
                threading.Thread(target=self._lead, args=(client,), daemon=True).start()
            except OSError:
                return

    def _lead(self, client):
        try:
            _enter(self._network)
            server = _connect(self._to)
        except (OSError, ValueError):  # Nobody listens; the forwarder is closed.
            _reset(client)
            client.close()
            return
        back = threading.Thread(target=_pass_on, args=(server, client, _reset), daemon=True)
        back.start()
        # A server that has answered and reads no more is no fault of who still writes.
        _pass_on(client, server, _read_on)
        back.join()
        client.close()
        server.close()


def _enter(network):
    """Of this thread alone, for good."""
    if _libc.setns(network.fileno(), CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _connect(port):
    """With little room on the way: who reads slowly is felt behind it."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
    server.settimeout(patience(5))
    server.connect((LOOPBACK, port))
    server.settimeout(None)
    return server


def _pass_on(source, target, when_gone):
    """What comes, until its end, which is passed on too, and a reset as a reset. `when_gone(source)`:
    the target takes no more."""
    for each in (source, target):
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while got := source.recv(ROOM):
            try:
                target.sendall(got)
            except OSError:
                when_gone(source)
                return
    except OSError:
        _reset(target)
        return
    _end(target, socket.SHUT_WR)


def _read_on(source):
    """To its end, for nobody."""
    try:
        while source.recv(ROOM):
            pass
    except OSError:
        pass  # It is over.


def _reset(sock):
    """The other side sees a reset, once it is closed; who waits for it here, an end."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    _end(sock, socket.SHUT_RDWR)


def _end(sock, how):
    try:
        sock.shutdown(how)
    except OSError:
        pass  # It is over.
