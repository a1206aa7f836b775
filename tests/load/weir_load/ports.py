"""Ports that nobody listens on."""

import socket

from . import settings


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind((settings.LOOPBACK, 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def is_listening(port):
    with socket.create_connection((settings.LOOPBACK, port), timeout=1):
        return True
