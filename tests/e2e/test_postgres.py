"""weir on PostgreSQL: the same objects, and what happens while the server is away."""

import threading
import time

import grpc
import pytest

from weir_harness.postgres import PASSWORD, Postgres
from weir_harness.settings import patience
from weir_harness.tenant import IDENTITY, Tenant
from weir_harness.waiting import eventually


# In a suite the services have databases of their own; tests/chaos is about those.
pytestmark = pytest.mark.standalone


@pytest.fixture(name="postgres")
def _postgres():
    server = Postgres()
    yield server
    server.stop()


class Caller(threading.Thread):
    """Calls one after the other, until it is stopped."""

    def __init__(self, tenant):
        super().__init__(daemon=True)
        self._tenant, self._stopping = tenant, threading.Event()
        self.statuses = []

    def run(self):
        while not self._stopping.is_set():
            self.statuses.append(self._tenant.chat().status)
            time.sleep(0.01)

    def stop(self):
        self._stopping.set()
        self.join(timeout=30)
        return self.statuses


def test_what_was_written_is_there_for_the_next_process(own_gateway, postgres, mock):
    gateway = own_gateway(database=postgres.section())
    tenant = Tenant(gateway, mock)
    tenant.limit("calls", 3, "UNIT_REQUESTS")
    assert [tenant.chat().status for _ in range(2)] == [200, 200]
    tenant.settled(2)
    assert not list(gateway.folder.glob("data/*.db"))
    gateway.stop()
    gateway.start()
    assert [tenant.chat().status for _ in range(2)] == [200, 429]
    assert tenant.settled(3).requests == 3


def test_traffic_outlives_the_server_and_nothing_spent_is_lost(own_gateway, postgres, mock):
    gateway = own_gateway(database=postgres.section())
    tenant = Tenant(gateway, mock)
    caller = Caller(tenant)
    caller.start()
    time.sleep(0.3)
    postgres.kill()
    started = time.monotonic()
    for _ in range(3):
        with pytest.raises(grpc.RpcError) as refused:
            tenant.key()
        assert refused.value.code() == grpc.StatusCode.UNAVAILABLE, refused.value
    assert time.monotonic() - started < patience(3)
    before = len(caller.statuses)
    time.sleep(1.5)
    assert len(caller.statuses) > before + 20
    postgres.start()
    # Without a restart: edits go through, and what waited for the ledger comes in.
    key = eventually(lambda: attempt(tenant.key), within=3, what="an edit")
    assert tenant.chat(key=key).status == 200
    eventually(lambda: attempt(tenant.usage), within=3, what="the ledger")
    statuses = caller.stop()
    assert set(statuses) == {200}, statuses
    tenant.settled(len(statuses) + 1, within=20)


def attempt(call):
    """What it returns; nothing where the gateway cannot do it now."""
    try:
        return call()
    except grpc.RpcError as failure:
        assert failure.code() == grpc.StatusCode.UNAVAILABLE, failure
        return None


def test_two_processes_on_one_database_hear_of_each_other(own_gateway, postgres, mock):
    first = own_gateway(database=postgres.section())
    secrets = first.folder / "secrets"
    second = own_gateway(database=postgres.section(), secrets=str(secrets))
    tenant = Tenant(first, mock)
    key = tenant.key("shared")

    def through_second():
        return second.http.post("/v1/chat/completions",
                                {"model": "gpt-4o-mini",
                                 "messages": [{"role": "user", "content": "hi"}]},
                                tenant.auth(key))
    assert eventually(lambda: through_second().status == 200, what="the model at the second")
    tenant.revoke("shared")
    revoked = time.monotonic()
    eventually(lambda: through_second().status == 401, within=1, what="the revocation")
    took = time.monotonic() - revoked
    print(f"revoked at the other process after {1000 * took:.1f} ms")
    assert took < patience(0.5)


def test_a_token_that_ended_at_one_process_ends_at_the_other(own_gateway, postgres):
    first = own_gateway(database=postgres.section())
    second = own_gateway(database=postgres.section(), secrets=str(first.folder / "secrets"))
    made = first.admin.call(IDENTITY + "CreateAdminToken", {"name": "ops", "role": "ROLE_ADMIN"})
    admin = second.admin_as(made.secret)

    def list_tokens():
        return admin.call(IDENTITY + "ListAdminTokens", {})
    assert list_tokens()
    first.admin.call(IDENTITY + "RevokeAdminToken", {"id": made.token.id})

    def is_refused():
        try:
            return not list_tokens()
        except grpc.RpcError as failure:
            return failure.code() == grpc.StatusCode.UNAUTHENTICATED
    eventually(is_refused, within=1, what="the end of the token")
    admin.close()


def test_beyond_the_socket_the_servers_certificate_is_verified(own_gateway, postgres, mock):
    gateway = own_gateway(database=postgres.tls_section())
    assert Tenant(gateway, mock).chat().status == 200
    system = "/etc/ssl/certs/ca-certificates.crt"
    assert PASSWORD not in gateway.output()
    for section, why in ((postgres.tls_section(ca=system), "certificate verify failed"),
                         (postgres.tls_section(host="127.0.0.1"), "does not match host name"),
                         (postgres.tls_section(password="wrong"), "password authentication failed")):
        refused = own_gateway(database=section, start=False)
        with pytest.raises(AssertionError, match="weir ended with 1"):
            refused.start()
        assert why in refused.output()
