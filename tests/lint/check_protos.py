#!/usr/bin/env python3
"""Shape of the protos, and that no change breaks a peer of another version.

Compares with protos/descriptors.binpb, which is committed. --update writes it anew: after an addition, or knowingly after a break.
Files under protos/google and protos/grpc are contracts of others and only compared.
"""

import os
import re
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2

from sources import files

COMMITTED = "protos/descriptors.binpb"
ACCESS_OPTION = 51001
OTHERS = ("google/", "grpc/")
FIELD = descriptor_pb2.FieldDescriptorProto
NUMBERS = {FIELD.TYPE_INT32, FIELD.TYPE_INT64, FIELD.TYPE_UINT32, FIELD.TYPE_UINT64,
           FIELD.TYPE_DOUBLE, FIELD.TYPE_FLOAT, FIELD.TYPE_SINT32, FIELD.TYPE_SINT64}
# A number whose name ends so says no unit; a time is a google.protobuf.Duration.
UNITLESS = re.compile(r"(?:^|_)(timeout|duration|interval|ttl|delay|latency|wait|period|age|lifetime"
                      r"|cost|price|memory)$")


class Source:
    """A file with the comments of its elements."""

    def __init__(self, file):
        self.file = file
        self.places = {tuple(each.path): each for each in file.source_code_info.location}

    def fault(self, path, text):
        place = self.places.get(tuple(path))
        line = place.span[0] + 1 if place else 1
        return f"protos/{self.file.name}:{line}: {text}"

    def has_comment(self, path):
        place = self.places.get(tuple(path))
        return place is not None and bool(place.leading_comments.strip()
                                          or place.trailing_comments.strip())


def describe(root):
    """The descriptors of all protos, with comments."""
    folder = os.path.join(root, "protos")
    protos = [path[len("protos/"):] for path in files(root, (".proto",))
              if path.startswith("protos/")]
    with tempfile.NamedTemporaryFile(suffix=".binpb") as out:
        subprocess.run(["protoc", "-I", folder, "--include_imports", "--include_source_info",
                        f"--descriptor_set_out={out.name}", *protos], check=True)
        return descriptor_pb2.FileDescriptorSet.FromString(out.read())


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).upper()


def wire_field_numbers(data):
    """Numbers of the fields of a serialized message."""
    numbers, at = set(), 0

    def varint(at):
        value = shift = 0
        while True:
            byte = data[at]
            value |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                return value, at

    while at < len(data):
        tag, at = varint(at)
        numbers.add(tag >> 3)
        kind = tag & 7
        if kind == 0:
            _, at = varint(at)
        elif kind == 2:
            size, at = varint(at)
            at += size
        else:
            at += 8 if kind == 1 else 4
    return numbers


def check_enum(source, enum, path):
    if not enum.value[0].name.endswith("_UNSPECIFIED") or enum.value[0].number != 0:
        yield source.fault(path, f"enum {enum.name} begins with {enum.value[0].name}, want 0 to be "
                                 f"{snake(enum.name)}_UNSPECIFIED")
    for i, value in enumerate(enum.value):
        here = [*path, 2, i]
        if not value.name.startswith(snake(enum.name) + "_"):
            yield source.fault(here, f"{value.name} wants the prefix {snake(enum.name)}_")
        # What "unspecified" means needs no words, unless it means something.
        if i > 0 and not source.has_comment(here):
            yield source.fault(here, f"{value.name} has no comment")


def check_field(source, message, field, path):
    name = f"{message.name}.{field.name}"
    if not source.has_comment(path):
        yield source.fault(path, f"{name} has no comment")
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", field.name):
        yield source.fault(path, f"{name} is not in lower_snake_case")
    if field.type in NUMBERS and UNITLESS.search(field.name):
        yield source.fault(path, f"{name} is a number without a unit in its name, want "
                                 "google.protobuf.Duration or a name like _usd_nanos, _bytes")


def check_message(source, message, path):
    if message.options.map_entry:
        return
    if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", message.name):
        yield source.fault(path, f"message {message.name} is not in UpperCamelCase")
    for i, field in enumerate(message.field):
        yield from check_field(source, message, field, [*path, 2, i])
    for i, nested in enumerate(message.nested_type):
        yield from check_message(source, nested, [*path, 3, i])
    for i, enum in enumerate(message.enum_type):
        yield from check_enum(source, enum, [*path, 4, i])


def check_method(source, service, method, path, users):
    name = f"{service.name}.{method.name}"
    if not source.has_comment(path):
        yield source.fault(path, f"{name} has no comment")
    if method.name == "Pipe":
        # The one exchange that all hot services have in common.
        if {method.input_type, method.output_type} != {".weir.common.v1.PipeBatch"}:
            yield source.fault(path, f"{name} is not a stream of PipeBatch both ways")
        return
    request, response = method.input_type.split(".")[-1], method.output_type.split(".")[-1]
    streams = method.client_streaming or method.server_streaming
    if request != method.name + "Request":
        yield source.fault(path, f"{name} takes {request}, want {method.name}Request")
    if not (response.startswith(method.name) if streams else response == method.name + "Response"):
        yield source.fault(path, f"{name} returns {response}, want {method.name}Response")
    for used in (method.input_type, method.output_type):
        if users.setdefault(used, name) != name:
            yield source.fault(path, f"{name} shares {used[1:]} with {users[used]}")
    has_rule = ACCESS_OPTION in wire_field_numbers(method.options.SerializeToString())
    if service.name.endswith("AdminService") != has_rule:
        want = "no access option" if has_rule else "option (weir.common.v1.access)"
        yield source.fault(path, f"{name} wants {want}")


def check_service(source, service, path, users):
    if not service.name.endswith("Service"):
        yield source.fault(path, f"service {service.name} wants a name in XService or XAdminService")
    if not source.has_comment(path):
        yield source.fault(path, f"service {service.name} has no comment")
    for i, method in enumerate(service.method):
        yield from check_method(source, service, method, [*path, 2, i], users)


def check_shape(files_of_set):
    users = {}
    for file in files_of_set:
        if file.name.startswith(OTHERS):
            continue
        source = Source(file)
        if file.package != os.path.dirname(file.name).replace("/", "."):
            yield source.fault([2], f"package is {file.package}, want the folder's name")
        if file.syntax != "proto3":
            yield source.fault([12], "syntax is not proto3")
        for i, message in enumerate(file.message_type):
            yield from check_message(source, message, [4, i])
        for i, enum in enumerate(file.enum_type):
            yield from check_enum(source, enum, [5, i])
        for i, service in enumerate(file.service):
            yield from check_service(source, service, [6, i], users)


def field_shape(message, field):
    oneof = (message.oneof_decl[field.oneof_index].name
             if field.HasField("oneof_index") and not field.proto3_optional else "")
    return (field.number, field.type, field.type_name, field.label, oneof, field.proto3_optional)


def elements(files_of_set):
    """name -> shape of everything that a peer may depend on."""
    found = {}

    def add_enum(prefix, enum):
        for value in enum.value:
            found[f"enum value {prefix}{enum.name}.{value.name}"] = value.number

    def add_message(prefix, message):
        found[f"message {prefix}{message.name}"] = True
        for field in message.field:
            found[f"field {prefix}{message.name}.{field.name}"] = field_shape(message, field)
        for nested in message.nested_type:
            add_message(f"{prefix}{message.name}.", nested)
        for enum in message.enum_type:
            add_enum(f"{prefix}{message.name}.", enum)

    for file in files_of_set:
        prefix = file.package + "."
        for message in file.message_type:
            add_message(prefix, message)
        for enum in file.enum_type:
            add_enum(prefix, enum)
        for extension in file.extension:
            found[f"extension {prefix}{extension.name}"] = (extension.number, extension.type_name)
        for service in file.service:
            for method in service.method:
                found[f"method {prefix}{service.name}.{method.name}"] = (
                    method.input_type, method.output_type, method.client_streaming,
                    method.server_streaming)
    return found


def compare(committed, current):
    before, now = elements(committed), elements(current)
    breaks = [f"{COMMITTED}: {name} is gone" for name in sorted(before.keys() - now.keys())]
    breaks += [f"{COMMITTED}: {name} is {now[name]}, was {before[name]}"
               for name in sorted(before.keys() & now.keys()) if before[name] != now[name]]
    if breaks:
        return breaks
    return [f"{COMMITTED}: {name} is new; run tests/lint/check_protos.py --update"
            for name in sorted(now.keys() - before.keys())]


def without_comments(described):
    plain = descriptor_pb2.FileDescriptorSet()
    plain.CopyFrom(described)
    for file in plain.file:
        file.ClearField("source_code_info")
    return plain


def check(root, update=False):
    described = describe(root)
    path = os.path.join(root, COMMITTED)
    if update:
        with open(path, "wb") as file:
            file.write(without_comments(described).SerializeToString(deterministic=True))
    faults = list(check_shape(described.file))
    if not os.path.exists(path):
        return [*faults, f"{COMMITTED}: is not there; run tests/lint/check_protos.py --update"]
    with open(path, "rb") as file:
        committed = descriptor_pb2.FileDescriptorSet.FromString(file.read())
    return faults + compare(committed.file, described.file)


def main(argv):
    words = [word for word in argv[1:] if word != "--update"]
    root = words[0] if words else os.path.join(os.path.dirname(__file__), "..", "..")
    faults = check(os.path.abspath(root), update="--update" in argv)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
