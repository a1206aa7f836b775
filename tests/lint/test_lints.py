"""The lints find what they are for, and nothing in good code: each on small bad samples."""

import os
import shutil

import pytest

import check_compose
import check_coroutines
import check_docs
import check_files
import check_layers
import check_protos

REPOSITORY = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


def write(root, path, text):
    whole = os.path.join(root, path)
    os.makedirs(os.path.dirname(whole), exist_ok=True)
    with open(whole, "w", encoding="utf-8") as file:
        file.write(text)


def faults_of(check, tmp_path, path, text):
    write(tmp_path, path, text)
    return check(str(tmp_path))


# (path, text, part of the fault); no part: good.
LAYERS = [
    ("edge/a.cc", '#include "services/quota/ledger.h"\n', "edge includes services/quota/ledger.h"),
    ("edge/a.cc", '#include "apps/apply/apply.h"\n', "edge includes apps"),
    ("services/quota/a.cc", '#include "services/identity/b.h"\n', "quota includes service identity"),
    ("services/quota/a.cc", '#include "edge/edge.h"\n', "a service includes edge/edge.h"),
    ("common/http/a.cc", '#include "edge/edge.h"\n', "common includes edge/edge.h"),
    ("common/text/a.cc", '#include "common/log/log.h"\n', "common/text includes common/log/log.h"),
    ("services/quota/a.cc", "#include <grpcpp/server.h>\n", "gRPC is for"),
    ("services/quota/a.h", '#include "weir/quota/v1/quota.grpc.pb.h"\n', "gRPC is for"),
    ("edge/a.cc", "#include <hiredis/hiredis.h>\n", "hiredis is for"),
    ("services/quota/ledger.h", '#include "common/sql/database.h"\n', "common/sql is for sql_*"),
    ("common/log/a.cc", "const char* a = getenv(\"A\");\n", "reads the environment"),
    ("common/log/a.cc", "for (char** e = environ; *e; ++e) {}\n", "reads the environment"),
    ("edge/a.cc", '#include "common/text/ascii.h"\n#include "weir/quota/v1/quota.pb.h"\n', None),
    ("services/quota/a.cc", '#include "services/quota/b.h"\n', None),
    ("services/quota/quota_server.cc", "#include <grpcpp/server.h>\n", None),
    ("services/quota/quota_server_test.cc", "#include <grpcpp/server.h>\n", None),
    ("services/quota/main.cc", '#include <grpcpp/server.h>\nconst char* a = getenv("A");\n', None),
    ("common/api/remote_quota.cc", "#include <grpcpp/channel.h>\n", None),
    ("common/rpc/a.cc", '#include <grpcpp/channel.h>\n#include "grpc/health/v1/health.pb.h"\n', None),
    ("common/redis/a.cc", "#include <hiredis/hiredis.h>\n", None),
    ("services/quota/sql_ledger.cc", '#include "common/sql/database.h"\n', None),
    ("apps/standalone/main.cc", '#include "services/quota/a.h"\n#include "edge/edge.h"\n', None),
    ("common/text/a_test.cc", '#include "common/testing/run.h"\n', None),
    ("common/config/a.h", "Environment ToEnvironment(const char* const* environ);\n", None),
    ("common/log/a.cc", "// Never getenv(): only a main does.\n", None),
]

COROUTINES = [
    ("auto a = [x]() -> asio::awaitable<void> { co_return; };\n", "a lambda that captures [x]"),
    ("auto a = [&] { co_await b(); };\n", "a lambda that captures [&]"),
    ("auto a = [this](int b) mutable -> asio::awaitable<int> { co_return b; };\n", "captures [this]"),
    ("asio::awaitable<void> F(const std::string& a);\n", "F takes a parameter by const& or &&"),
    ("asio::awaitable<absl::StatusOr<int>> A::F(int n,\n    std::string&& a) {\n}\n",
     "A::F takes a parameter by const& or &&"),
    ("auto a = [](const X& x) -> asio::awaitable<void> { co_return; };\n", "by const& or &&"),
    ("void f() { g(co_await a(), co_await b()); }\n", "a second co_await"),
    ("void f() { int x = c ? co_await a() : 0; }\n", "co_await inside ?:"),
    ("void f() { int x = co_await a() ? 1 : 0; }\n", "co_await inside ?:"),
    ("void f() { std::vector<int> v = {co_await a()}; }\n", "inside a braced list"),
    ("void f() { return Point{1, co_await a()}; }\n", "inside a braced list"),
    ("void f() { co_return std::pair{1, g(co_await a())}; }\n", "inside a braced list"),
    ("auto a = [] -> asio::awaitable<void> { co_return; };\n", None),
    ("auto a = []() -> asio::awaitable<void> { co_await b(); };\n", None),
    ("auto a = [x] { asio::co_spawn(x, F(x), asio::detached); };\n", None),
    ("auto a = [x] { run([](int y) -> asio::awaitable<void> { co_return; }); };\n", None),
    ("asio::awaitable<void> F(std::string a, Timers& timers, const Clock* clock);\n", None),
    ("asio::awaitable<void> F(std::function<void(const X&)> done);\n", None),
    ("std::function<asio::awaitable<int>(const X&)> f;\n", None),
    ("namespace n {\nvoid f() { co_await a(); co_await b(); }\n}\n", None),
    ("void f() {\n  if (co_await a()) { co_return; }\n  for (;;) { co_await b(); }\n}\n", None),
    ("void f() { co_await g(c ? 1 : 2); }\n", None),
    ("void f() { v[i] = co_await a(); return {1, 2}; }\n", None),
    ('// co_await a() ? {co_await b()} : 0\nconst char* t = "[x] { co_await a(); }";\n', None),
    ("class A {\n  asio::awaitable<int> F(int n) { co_return co_await G(n); }\n};\n", None),
]

FILES = [
    ("common/text/string_util.h", "\n", "is named 'util'"),
    ("common/misc.cc", "\n", "is named 'misc'"),
    ("edge/connection_manager.h", "\n", "is named 'manager'"),
    ("edge/a.cc", "// TODO: later\n", "says TODO"),
    ("edge/a.cc", "// FIXME\n", "says FIXME"),
    ("docs/a.md", "Built in /root/weir/build.\n", "a path of one machine"),
    ("edge/a.cc", "int a;\n" * 601, "has 601 lines"),
    ("edge/utility_bill.cc", "int a;\n" * 600, None),
    ("docs/a.md", "POST /v1/work and https://x.example/root are fine.\n", None),
    ("data/a.json", "1\n" * 1000, None),
]


# One service that is as it should be; a case replaces a piece of it: (piece, by, part of the fault).
COMPOSE = """services:
  a:
    image: weir:${WEIR_TAG:-dev}
    restart: unless-stopped
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    pids_limit: 256
    mem_limit: 512m
    logging: {driver: json-file}
    networks: [mesh]
    ports: ["127.0.0.1:80:80"]
    environment: {A: b}
    volumes: ["data:/data", "./docs:/docs:ro"]
    depends_on:
      b: {condition: service_healthy}
    healthcheck: {test: [CMD, "true"], interval: 3s}
  b:
    image: b
    restart: "no"
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    pids_limit: 1
    mem_limit: 1g
    logging: {driver: json-file}
    network_mode: none
    healthcheck: {test: [CMD, "true"]}
networks:
  mesh: {internal: true}
volumes:
  data:
"""
COMPOSE_FAULTS = [
    ("", "", None),
    ("services:", "name: weir\nservices:", "'name' is not for both"),
    ("services:", "version: '3'\nservices:", "'version' is not for both"),
    ("image: b", "image: b\n    container_name: b", "'container_name' is not for both"),
    ("interval: 3s", "start_interval: 1s", "healthcheck.'start_interval' is not for both"),
    ("interval: 3s", "interval: 3", "want one like 3s"),
    ("WEIR_TAG:-dev", "WEIR_TAG", "want ${NAME:-DEFAULT}"),
    ("{A: b}", "{A: $HOME}", "want ${NAME:-DEFAULT}"),
    ("{A: b}", "{A: 'a$$b'}", None),
    ("{A: b}", "{A: 1}", "environment.A: want a text"),
    ("{A: b}", "{A_PASSWORD: x}", "no secret"),
    ("{A: b}", "{A_PASSWORD_FILE: x}", None),
    ("service_healthy", "service_ready", "want a condition of"),
    ("service_healthy", "service_completed_successfully", None),
    ("      b: {", "      c: {", "depends on 'c', which is no service"),
    ('restart: "no"', "restart: no", "restart is False"),
    ("[mesh]", "[other]", "is in network 'other'"),
    ("    network_mode: none\n", "", "names no network"),
    ("data:/data", "gone:/data", "mounts volume 'gone'"),
    ("./docs:", "./gone:", "mounts ./gone, which is not there"),
    (":/docs:ro", ":/docs", "mounts ./docs to be written"),
    ("127.0.0.1:80", "80", "want a text that begins with 127.0.0.1"),
    ("    read_only: true\n", "", "its root is not read_only"),
    ("    cap_drop: [ALL]\n", "", "does not drop all"),
    ("    pids_limit: 256\n", "", "has no pids_limit"),
    ("512m", "512", "want one like 512m"),
]


def identified(cases):
    return [pytest.param(*case, id=f"{number}-{case[-1] or 'good'}")
            for number, case in enumerate(cases)]


def expect(faults, part):
    if part is None:
        assert faults == []
    else:
        assert any(part in fault for fault in faults), faults


@pytest.mark.parametrize("path,text,part", identified(LAYERS))
def test_layers(tmp_path, path, text, part):
    expect(faults_of(check_layers.check, tmp_path, path, text), part)


PAGE = """| metric | what |
|---|---|
| `weir_bees_total` | bees |

| event | what |
|---|---|
| `bee.flew` | one did, see `bee.fell` |
| `log.dropped` | lines |
"""
BEES = """bees_(registry.NewCounterFamily(
    "weir_bees_total", "Bees.", {"kind"})), log::Info("bee.flew", {});
"""
DOCS = [
    ("edge/a.cc", BEES, PAGE, None),
    ("edge/a_test.cc", BEES + 'log::Warn("bee.fell");\n', "", None),
    ("edge/a.cc", BEES + 'log::Warn(\n    "bee.fell", {});\n', PAGE, "edge/a.cc:3: event bee.fell is not in"),
    ("edge/a.cc", BEES + 'NewGauge("weir_hives", "");\n', PAGE, "edge/a.cc:3: metric weir_hives is not"),
    ("edge/a.cc", BEES.replace("flew", "sat"), PAGE, "event bee.flew is not in the programs"),
    ("edge/a.cc", BEES.replace("bees_total", "b"), PAGE, "metric weir_bees_total is not in the programs"),
]


@pytest.mark.parametrize("path,text,page,part", identified(DOCS))
def test_docs(tmp_path, path, text, page, part):
    if page:
        write(tmp_path, check_docs.PAGE, page)
    expect(faults_of(check_docs.check, tmp_path, path, text), part)


@pytest.mark.parametrize("text,part", identified(COROUTINES))
def test_coroutines(tmp_path, text, part):
    expect(faults_of(check_coroutines.check, tmp_path, "edge/a.cc", text + "// awaitable\n"), part)


@pytest.mark.parametrize("path,text,part", identified(FILES))
def test_files(tmp_path, path, text, part):
    expect(faults_of(check_files.check, tmp_path, path, text), part)


def test_faults_name_the_line(tmp_path):
    text = "\n// A comment.\n#include <grpcpp/server.h>\n"
    faults = faults_of(check_layers.check, tmp_path, "edge/a.cc", text)
    assert faults[0].startswith("edge/a.cc:3: ")


GOOD_PROTO = """syntax = "proto3";
package weir.bees.v1;
import "weir/common/v1/access.proto";
// Edits bees.
service BeesAdminService {
  // Puts one.
  rpc PutBee(PutBeeRequest) returns (PutBeeResponse) {
    option (weir.common.v1.access) = {role: ROLE_EDITOR};
  }
}
message PutBeeRequest {
  // Its name.
  string name = 1;
  // How it flies.
  Flight flight = 2;
}
message PutBeeResponse {}
enum Flight {
  FLIGHT_UNSPECIFIED = 0;
  // Straight.
  FLIGHT_STRAIGHT = 1;
}
"""


@pytest.fixture(name="bees")
def fixture_bees(tmp_path):
    """A repository with one good proto, and its committed descriptors."""
    for folder in ("protos/google", "protos/weir/common"):
        shutil.copytree(os.path.join(REPOSITORY, folder), os.path.join(tmp_path, folder))
    write(tmp_path, "protos/weir/bees/v1/bees.proto", GOOD_PROTO)
    assert check_protos.check(str(tmp_path), update=True) == []
    return tmp_path


PROTO_CHANGES = [
    ("package weir.bees.v1", "package weir.bees", "package is weir.bees"),
    ("  // Its name.\n", "", "PutBeeRequest.name has no comment"),
    ("  // Puts one.\n", "", "BeesAdminService.PutBee has no comment"),
    ("// Edits bees.\n", "", "service BeesAdminService has no comment"),
    ("  // Straight.\n", "", "FLIGHT_STRAIGHT has no comment"),
    ("FLIGHT_UNSPECIFIED", "FLIGHT_NONE", "want 0 to be FLIGHT_UNSPECIFIED"),
    ("FLIGHT_STRAIGHT", "STRAIGHT", "wants the prefix FLIGHT_"),
    ("    option (weir.common.v1.access) = {role: ROLE_EDITOR};\n", "",
     "PutBee wants option (weir.common.v1.access)"),
    ("BeesAdminService", "BeesService", "PutBee wants no access option"),
    ("returns (PutBeeResponse)", "returns (PutBeeRequest)", "want PutBeeResponse"),
    ("string name = 1;", "int64 timeout = 1;", "is a number without a unit"),
    ("string name = 1;", "string beeName = 1;", "is not in lower_snake_case"),
    ("string name = 1;", "string name = 3;", "field weir.bees.v1.PutBeeRequest.name is (3"),
    ("string name = 1;", "bytes name = 1;", "field weir.bees.v1.PutBeeRequest.name is (1, 12"),
    ("  // Its name.\n  string name = 1;\n", "", "field weir.bees.v1.PutBeeRequest.name is gone"),
    ("FLIGHT_STRAIGHT = 1", "FLIGHT_STRAIGHT = 2", "FLIGHT_STRAIGHT is 2, was 1"),
    ("message PutBeeResponse {}", "message PutBeeResponse {}\nmessage Hive {}",
     "message weir.bees.v1.Hive is new; run tests/lint/check_protos.py --update"),
]


@pytest.mark.parametrize("old,new,part", identified(PROTO_CHANGES))
def test_protos(bees, old, new, part):
    assert old in GOOD_PROTO
    write(bees, "protos/weir/bees/v1/bees.proto", GOOD_PROTO.replace(old, new))
    expect(check_protos.check(str(bees)), part)


def test_an_update_takes_an_addition(bees):
    write(bees, "protos/weir/bees/v1/bees.proto", GOOD_PROTO + "message Hive {}\n")
    assert check_protos.check(str(bees)) != []
    assert check_protos.check(str(bees), update=True) == []
    assert check_protos.check(str(bees)) == []


def test_without_committed_descriptors_there_is_a_fault(bees):
    os.remove(os.path.join(bees, check_protos.COMMITTED))
    expect(check_protos.check(str(bees)), "is not there")


@pytest.mark.parametrize("piece,by,part", identified(COMPOSE_FAULTS))
def test_compose(tmp_path, piece, by, part):
    (tmp_path / "docs").mkdir()
    expect(faults_of(check_compose.check, tmp_path, "compose.yaml", COMPOSE.replace(piece, by, 1)), part)
