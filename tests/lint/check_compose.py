#!/usr/bin/env python3
"""compose.yaml is valid for Compose v2 and for docker-compose 1.29, every service is bounded and closed, and what it names is there.

The keys are those of the Compose specification that both read; a new one is added here once both were seen to.
"""

import os
import re
import sys

import yaml

from sources import main, read

FILE = "compose.yaml"
TOP = {"services", "networks", "volumes"}  # Not `name`, which 1.29 refuses, nor `version`, which v2 warns of.
SERVICE = {
    "build", "cap_add", "cap_drop", "command", "depends_on", "entrypoint", "environment", "healthcheck", "image",
    "logging", "mem_limit", "network_mode", "networks", "pids_limit", "ports", "profiles", "read_only", "restart",
    "security_opt", "shm_size", "stop_grace_period", "tmpfs", "user", "volumes",
}
BUILD = {"args", "context", "dockerfile", "target"}
HEALTHCHECK = {"disable", "interval", "retries", "start_period", "test", "timeout"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
RESTARTS = {"no", "unless-stopped"}
DURATION = re.compile(r"^(\d+h)?(\d+m)?(\d+s)?$")
SIZE = re.compile(r"^\d+[bkmg]$")
NAME = re.compile(r"^[a-z0-9][a-z0-9_.-]*$")
# What ${NAME} may stand for: always with a default, so that `up` needs no edit.
REFERENCE = re.compile(r"\$(?:\$|\{([A-Z_][A-Z0-9_]*)(:-[^}]*)?\}|.?)")


class Faults(list):
    """What is wrong, by service."""

    def add(self, service, text):
        self.append(f"{FILE}: {service}: {text}")

    def unknown(self, service, where, mapping, known):
        for key in sorted(set(mapping) - known):
            self.add(service, f"{where}'{key}' is not for both Compose v2 and docker-compose 1.29")


def check_depends(name, service, services, faults):
    depends = service.get("depends_on", {})
    if isinstance(depends, list):
        depends = {each: {"condition": "service_started"} for each in depends}
    for other, how in depends.items():
        if other not in services:
            faults.add(name, f"depends on '{other}', which is no service")
        elif set(how) != {"condition"} or how["condition"] not in CONDITIONS:
            faults.add(name, f"depends_on.{other} is {how}, want a condition of {sorted(CONDITIONS)}")
        elif how["condition"] == "service_completed_successfully" and services[other].get("restart") != "no":
            faults.add(name, f"waits for the end of '{other}', which is started again and again")
        elif how["condition"] == "service_healthy" and "test" not in services[other].get("healthcheck", {}):
            faults.add(name, f"waits for the health of '{other}', which has no check")


def check_networks(name, service, networks, faults):
    if "network_mode" in service and "networks" in service:
        faults.add(name, "has both network_mode and networks")
    if "network_mode" not in service and "networks" not in service:
        faults.add(name, "names no network: it would join one with everybody")
    for network in service.get("networks", []):
        if network not in networks:
            faults.add(name, f"is in network '{network}', which is not declared")


def check_volumes(name, service, volumes, root, faults):
    for mount in service.get("volumes", []):
        parts = mount.split(":") if isinstance(mount, str) else []
        if len(parts) not in (2, 3) or (len(parts) == 3 and parts[2] not in ("ro", "rw")):
            faults.add(name, f"volume {mount!r}, want SOURCE:TARGET[:ro]")
        elif parts[0].startswith("."):
            if not os.path.exists(os.path.join(root, parts[0])):
                faults.add(name, f"mounts {parts[0]}, which is not there")
            if parts[2:] != ["ro"]:
                faults.add(name, f"mounts {parts[0]} to be written")
        elif parts[0] not in volumes:
            faults.add(name, f"mounts volume '{parts[0]}', which is not declared")


def check_health(name, service, faults):
    health = service.get("healthcheck")
    if health is None:
        if service.get("restart") != "no":
            faults.add(name, "runs for long and has no health check")
        return
    faults.unknown(name, "healthcheck.", health, HEALTHCHECK)
    for key in ("interval", "timeout", "start_period"):
        if key in health and not DURATION.match(str(health[key])):
            faults.add(name, f"healthcheck.{key} is {health[key]!r}, want one like 3s")
    test = health.get("test", ["NONE"])
    if not isinstance(test, list) or test[0] not in ("CMD", "CMD-SHELL", "NONE"):
        faults.add(name, "healthcheck.test is no list that begins with CMD or CMD-SHELL")


def check_bounds(name, service, faults):
    for key in ("mem_limit", "shm_size"):
        if key in service and not SIZE.match(str(service[key])):
            faults.add(name, f"{key} is {service[key]!r}, want one like 512m")
    for key, want in (("mem_limit", "a bound"), ("pids_limit", "a bound"), ("logging", "a bound of what it logs")):
        if key not in service:
            faults.add(name, f"has no {key}, want {want}")
    if service.get("restart") not in RESTARTS:
        faults.add(name, f"restart is {service.get('restart')!r}, want one of {sorted(RESTARTS)}, in quotes")
    if "stop_grace_period" in service and not DURATION.match(str(service["stop_grace_period"])):
        faults.add(name, f"stop_grace_period is {service['stop_grace_period']!r}, want one like 20s")


def check_closed(name, service, faults):
    if service.get("read_only") is not True:
        faults.add(name, "its root is not read_only")
    if service.get("cap_drop") != ["ALL"]:
        faults.add(name, "does not drop all capabilities")
    if "no-new-privileges:true" not in service.get("security_opt", []):
        faults.add(name, "may get new privileges")
    for port in service.get("ports", []):
        if not isinstance(port, str) or not re.match(r"^(127\.0\.0\.1|\$\{WEIR_BIND:-127\.0\.0\.1\}):", port):
            faults.add(name, f"publishes {port!r}, want a text that begins with 127.0.0.1")
    for variable, value in service.get("environment", {}).items():
        secret = re.search(r"PASSWORD|SECRET|TOKEN|KEY", variable) and not variable.endswith("_FILE")
        if secret or not isinstance(value, str):
            faults.add(name, f"environment.{variable}: want a text, and no secret: those are files")


def check_service(name, service, whole, root, faults):
    if not NAME.match(name):
        faults.add(name, "is no name for a service")
    faults.unknown(name, "", service, SERVICE)
    if "image" not in service:
        faults.add(name, "has no image")
    faults.unknown(name, "build.", service.get("build", {}), BUILD)
    dockerfile = service.get("build", {}).get("dockerfile")
    if dockerfile and not os.path.isfile(os.path.join(root, dockerfile)):
        faults.add(name, f"is built by {dockerfile}, which is not there")
    check_depends(name, service, whole.get("services", {}), faults)
    check_networks(name, service, whole.get("networks", {}), faults)
    check_volumes(name, service, whole.get("volumes", {}), root, faults)
    check_health(name, service, faults)
    check_bounds(name, service, faults)
    check_closed(name, service, faults)


def check_references(text, faults):
    for number, line in enumerate(text.splitlines(), 1):
        for match in REFERENCE.finditer(line.split(" # ")[0]):
            if match.group() != "$$" and not match.group(2):
                faults.append(f"{FILE}:{number}: {match.group()!r}, want ${{NAME:-DEFAULT}}, or $$ for a dollar")


def check(root):
    faults = Faults()
    if not os.path.isfile(os.path.join(root, FILE)):
        return faults
    text = read(root, FILE)
    check_references(text, faults)
    whole = yaml.safe_load(text)
    faults.unknown("the file", "", [key for key in whole if not key.startswith("x-")], TOP)
    for name, service in whole.get("services", {}).items():
        check_service(name, service, whole, root, faults)
    used = str(whole.get("services"))
    for kind in ("networks", "volumes"):
        for name in whole.get(kind, {}):
            if not re.search(rf"'{name}[:']", used):
                faults.add(kind, f"nobody uses '{name}'")
    return faults


if __name__ == "__main__":
    sys.exit(main(check, sys.argv))
