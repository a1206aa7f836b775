#!/usr/bin/env python3
"""Who may include whom, and who may read the environment.

apps -> edge, services, common; edge -> common, protos; services/x -> common, protos;
inside common, status, time, ids and text stand on nothing else of ours.
"""

import os
import re
import sys

from sources import CPP, files, line_of, main, read, without_text

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
ENVIRONMENT = re.compile(r"\b(?:secure_)?getenv\s*\(|\benviron\b")
# A function that is handed an environment may call it so.
ENVIRON_PARAMETER = re.compile(r"\*\s*environ\s*[,)]")
LOWEST = ("common/status/", "common/time/", "common/ids/", "common/text/")


def is_test(path):
    return path.startswith("tests/") or re.search(r"_(test|benchmark|fuzz|contract)\.(cc|h)$", path)


def service_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "services" and len(parts) > 2 else None


def named(path, *prefixes):
    return os.path.basename(path).startswith(prefixes)


def may_use_grpc(path):
    name = os.path.basename(path)
    return (re.search(r"_server(_test|_benchmark)?\.(cc|h)$", name) or name == "main.cc"
            or path.startswith(("common/rpc/", "common/api/remote_", "apps/", "tests/")))


def may_use_store(path, store):
    return (named(path, store + "_", "process_config.", "main.cc") or is_test(path)
            or path.startswith((f"common/{store}/", "apps/")))


def layer_fault(path, target):
    own = path.split("/")[0]
    other = target.split("/")[0]
    if own == "edge" and other in ("services", "apps"):
        return f"edge includes {target}, want common or protos"
    if own == "services" and other in ("edge", "apps"):
        return f"a service includes {target}, want common or protos"
    if own == "common" and other in ("services", "edge", "apps"):
        return f"common includes {target}, want common or protos"
    if service_of(path) and service_of(target) not in (None, service_of(path)):
        return f"service {service_of(path)} includes service {service_of(target)}"
    if path.startswith(LOWEST) and not is_test(path) and other == "common":
        if not target.startswith(LOWEST):
            return f"{'/'.join(path.split('/')[:2])} includes {target}, want nothing above it"
    return None


def technology_fault(path, target):
    if target.startswith(("grpcpp/", "grpc/")) and not target.endswith(".pb.h"):
        if not may_use_grpc(path):
            return (f"includes <{target}>; gRPC is for *_server.*, main.cc, common/rpc, "
                    "common/api/remote_* and apps")
    if target.endswith(".grpc.pb.h") and not may_use_grpc(path):
        return f"includes {target}; gRPC is for *_server.*, main.cc and common/rpc"
    if target.startswith("hiredis/") and not may_use_store(path, "redis"):
        return f"includes <{target}>; hiredis is for redis_* alone"
    for store in ("redis", "sql"):
        if target.startswith(f"common/{store}/") and not may_use_store(path, store):
            return f"includes {target}; common/{store} is for {store}_* and main.cc"
    return None


def check_file(path, code):
    faults = []
    for match in INCLUDE.finditer(code):
        target = match.group(2)
        fault = layer_fault(path, target) if match.group(1) == '"' else None
        fault = fault or technology_fault(path, target)
        if fault:
            faults.append(f"{path}:{line_of(code, match.start(2))}: {fault}")
    if os.path.basename(path) == "main.cc" or is_test(path):
        return faults
    bare = without_text(code)
    for match in ENVIRONMENT.finditer(bare):
        if "getenv" in match.group() or not ENVIRON_PARAMETER.search(bare):
            faults.append(f"{path}:{line_of(bare, match.start())}: reads the environment; "
                          "only main.cc does")
    return faults


def check(root):
    return [fault for path in files(root, CPP)
            for fault in check_file(path, read(root, path))]


if __name__ == "__main__":
    sys.exit(main(check, sys.argv))
