#!/usr/bin/env python3
"""Starts containers beside a suite of compose.yaml that runs, for tests that want an edge or a mock of their own.

    beside.py PROJECT edge FOLDER              FOLDER/sections.json in place of its own sections, FOLDER/data for its data
    beside.py PROJECT mock FOLDER OPTION...    with further options of mock_upstream

They are of compose.yaml's services, as closed as those, in the same networks; no balancer knows the edge, no document names
the mock. Prints a line of JSON: `container`, the ports of its loopback (`http`, `ops`, `control`), and of a mock the `url` that
edges reach it by. What it writes is in FOLDER, which must stay for as long as the container.
"""

import json
import os
import pathlib
import secrets
import sys

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from suite_harness.compose import ROOT, command, run  # noqa: E402  pylint: disable=wrong-import-position

USER = 10001  # Of weir's images.
TRAFFIC, CONTROL, EDGE, OPS = 8443, 8083, 8080, 9120


def start(project, name, service, folder, volumes, words=()):
    """The id of a container of a service with other volumes in the places of its own."""
    override = folder / "compose.yaml"
    override.write_text(yaml.safe_dump({"services": {service: {"restart": "no", "volumes": volumes}}}))
    run(*command(), "-f", str(ROOT / "compose.yaml"), "-f", str(override), "-p", project, "--profile", "demo", "run",
        "-d", "--no-deps", "--name", name, service, *words, cwd=ROOT)
    return run("docker", "inspect", "-f", "{{.Id}}", name).strip()


def give_away(folder):
    """To the user of the containers."""
    for each in [folder, *folder.rglob("*")]:
        os.chown(each, USER, USER)


def start_edge(project, name, folder):
    config = yaml.safe_load((ROOT / "deploy/config/suite/edge.yaml").read_text())
    config.update(json.loads((folder / "sections.json").read_text()))
    for each in ("config", "data"):
        (folder / each).mkdir()
    (folder / "config/edge.yaml").write_text(yaml.safe_dump(config))
    (folder / "data").chmod(0o700)
    give_away(folder / "data")
    container = start(project, name, "edge", folder, [f"{folder}/config:/etc/weir:ro", f"{folder}/data:/var/lib/weir"])
    return {"container": container, "http": EDGE, "ops": OPS}


def volume(project, name):
    """Where one of the suite's is on this machine."""
    return pathlib.Path(run("docker", "volume", "inspect", "-f", "{{.Mountpoint}}", f"{project}_{name}").strip())


def make_certificate(project, name, folder):
    """One of the suite's CA, for this name."""
    ca = volume(project, "secrets-ca")
    (folder / "extensions").write_text(f"subjectAltName = DNS:{name}\nextendedKeyUsage = serverAuth\n")
    run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
        "-keyout", str(folder / "key.pem"), "-out", str(folder / "request.pem"))
    run("openssl", "x509", "-req", "-in", str(folder / "request.pem"), "-CA", str(ca / "ca.pem"), "-CAkey",
        str(ca / "ca.key"), "-set_serial", str(secrets.randbits(120)), "-days", "2", "-extfile",
        str(folder / "extensions"), "-out", str(folder / "certificate.pem"))


def start_mock(project, name, folder, options):
    certificate = folder / "secrets"
    certificate.mkdir()
    make_certificate(project, name, certificate)
    give_away(certificate)
    container = start(project, name, "mock", folder, [f"{certificate}:/run/weir/secrets:ro"], [
        "mock_upstream", "--listen", f"0.0.0.0:{TRAFFIC}", "--control", f"127.0.0.1:{CONTROL}",
        "--tls-cert", "/run/weir/secrets/certificate.pem", "--tls-key", "/run/weir/secrets/key.pem", *options])
    return {"container": container, "url": f"https://{name}:{TRAFFIC}/v1", "http": TRAFFIC, "control": CONTROL}


def main():
    project, what, folder, *words = sys.argv[1:]
    name = f"{project}-{what}-{secrets.token_hex(4)}"
    if what == "edge":
        made = start_edge(project, name, pathlib.Path(folder))
    else:
        made = start_mock(project, name, pathlib.Path(folder), words)
    print(json.dumps(made))


if __name__ == "__main__":
    main()
