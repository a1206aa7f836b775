"""A suite without routing: edges plan on the last table, also after a restart, and say that it may be old. With it, they hear of what
others saw fail."""

import signal

import pytest

from weir_harness.tenant import VENDOR_KEY, Tenant
from weir_harness.upstream import chat_body
from weir_harness.waiting import eventually
from weir_harness.wire import CHAT

KEPT = "data/routes.sealed"


@pytest.fixture
def suite(new_suite):
    return new_suite()


@pytest.fixture
def tenant(suite, mock):
    """An organisation of this suite."""
    return Tenant(suite, mock)


def metric(suite, name):
    for line in suite.ops.get("/metrics").body.decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise AssertionError(f"no metric {name}")


def readiness(suite):
    reply = suite.ops.get("/readyz")
    return reply.status, reply.body.decode()


def kill(part):
    assert part.stop(signal.SIGKILL) == -signal.SIGKILL


def is_stale(suite):
    status, said = readiness(suite)
    assert status == 200, said
    return "stale: " in said


def test_an_edge_serves_on_while_routing_is_away(suite, tenant):
    assert tenant.chat().status == 200
    assert readiness(suite) == (200, "ok\n")
    kill(suite.parts["routing"])
    eventually(lambda: is_stale(suite), within=5, what="a stale table")
    assert "the routing service has been silent for" in readiness(suite)[1]
    assert metric(suite, "weir_routing_snapshot_stale") == 1
    assert metric(suite, "weir_routing_snapshot_age_seconds") >= 1
    for _ in range(20):
        assert tenant.chat().status == 200

    suite.start()
    eventually(lambda: not is_stale(suite), within=10, what="a fresh table")
    assert metric(suite, "weir_routing_snapshot_stale") == 0
    assert metric(suite, "weir_routing_snapshot_stale_total") >= 1
    tenant.put_model("late")
    eventually(lambda: tenant.chat(model="late").status == 200, within=5, what="a new model")


def test_an_edge_starts_from_the_table_that_it_kept(suite, tenant):
    assert tenant.chat().status == 200
    kept = suite.folder / KEPT
    eventually(kept.exists, within=5, what="the kept table")
    for secret in (VENDOR_KEY, tenant.name, "vendor"):
        assert secret.encode() not in kept.read_bytes()
    assert kept.stat().st_mode & 0o777 == 0o600

    kill(suite.parts["routing"])
    kill(suite.parts["edge"])
    suite.parts["edge"].start()
    assert is_stale(suite)
    assert "the routing table is the one of an earlier run" in readiness(suite)[1]
    eventually(lambda: tenant.chat().status == 200, within=10, what="an answer")
    suite.start()
    eventually(lambda: not is_stale(suite), within=10, what="a fresh table")


@pytest.mark.parametrize("damage", [b"", b"of somebody else", None], ids=["empty", "foreign", "cut"])
def test_a_table_that_cannot_be_used_is_as_none(suite, tenant, damage):
    kept = suite.folder / KEPT
    eventually(kept.exists, within=5, what="the kept table")
    suite.parts["edge"].stop()
    whole = kept.read_bytes()
    kept.write_bytes(whole[:len(whole) // 2] if damage is None else damage)
    kill(suite.parts["routing"])
    suite.parts["edge"].launch()
    eventually(lambda: "routing.snapshot.kept_ignored" in suite.parts["edge"].output(), within=10,
               what="a warning")
    assert VENDOR_KEY not in suite.parts["edge"].output()
    suite.start()
    suite.parts["edge"].await_ready()
    eventually(lambda: tenant.chat().status == 200, within=10, what="an answer")


def test_what_one_edge_saw_fail_is_out_at_the_other(new_suite, mock):
    suite = new_suite(replicas={"edge": 2})
    tenant = Tenant(suite, mock)
    tenant.put_provider("spare")
    tenant.put_model("pair", targets=[{"provider": "vendor", "upstreamModel": "first"},
                                      {"provider": "spare", "upstreamModel": "second"}],
                     suspend_duration="60s")
    first, second = suite.edges

    def asked(edge):
        """Upstream models that a request at this edge went to."""
        before = len(mock.requests())
        assert edge.post(CHAT, chat_body("hi", model="pair"), tenant.auth()).status == 200
        return [each["model"] for each in mock.requests()[before:]]

    eventually(lambda: all(edge.get("/v1/models/pair", tenant.auth()).status == 200
                           for edge in suite.edges), within=5, what="the model at both edges")
    assert asked(second) == ["first"]
    mock.behave(model="first", status=503, times=1)
    assert asked(first) == ["first", "second"]
    eventually(lambda: asked(second) == ["second"], within=2, what="news of the failure")
