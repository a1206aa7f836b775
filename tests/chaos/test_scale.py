"""Replicas come, go and are replaced under load: nobody outside sees it."""

import signal
import time

from load import Load
from weir_harness.settings import patience
from weir_harness.tenant import Tenant
from weir_harness.waiting import eventually

TWO = {"edge": 2, "identity": 2, "quota": 2, "guardrails": 2}


def settled(tenant, mock, finished):
    """That the ledger has what the provider counted, once."""
    eventually(lambda: mock.ledger()["finished"] >= finished, within=5, what="the provider's count")
    ledger = mock.ledger()
    spent = tenant.settled(ledger["finished"] + ledger.get("aborted", 0), within=10)
    assert spent.total == ledger["prompt_tokens"] + ledger["completion_tokens"], (spent, ledger)


def test_every_replica_takes_its_share_and_none_is_missed(new_suite, mock):
    suite = new_suite(replicas=TWO)
    tenant = Tenant(suite, mock)
    tenant.limit("requests", 1_000_000, "UNIT_REQUESTS")
    tenant.guard("masks", preset="wso2-pii-masking")
    mock.reset()
    with Load(suite, tenant) as load:
        time.sleep(2)
        for name in ("edge-2", "quota-2", "identity-2", "guardrails-2"):
            suite.parts[name].stop()
        time.sleep(1)
        for name in ("guardrails-2", "identity-2", "quota-2", "edge-2"):
            suite.parts[name].start()
        time.sleep(1)
    assert set(load.count()) == {200}, load.failures()
    assert load.count()[200] > 300
    by_edge = {each.edge for each in load.outcomes}
    assert by_edge == {0, 1}
    settled(tenant, mock, load.count()[200])


def test_a_rolling_restart_of_everything_fails_nobody(new_suite, mock):
    suite = new_suite(replicas=TWO)
    tenant = Tenant(suite, mock)
    tenant.limit("requests", 1_000_000, "UNIT_REQUESTS")
    tenant.guard("masks", preset="wso2-pii-masking")
    mock.reset()
    mock.behave(mode="words", words=10, frame_delay_ms=100)
    with Load(suite, tenant, callers=4) as load, \
            Load(suite, tenant, callers=4, stream=True) as streams:
        time.sleep(0.5)
        for name, part in suite.parts.items():
            assert part.stop(by=signal.SIGTERM, within=20) == 0, name
            part.start()
            time.sleep(0.3)
    assert set(load.count()) == {200}, load.failures()
    assert set(streams.count()) == {200}, streams.failures()
    settled(tenant, mock, load.count()[200] + streams.count()[200])


def test_a_revoked_key_is_refused_by_both_edges_within_a_moment(new_suite, mock):
    suite = new_suite(replicas=TWO)
    tenant = Tenant(suite, mock)
    key = tenant.key("leaver")
    with Load(suite, tenant, callers=8, pause=0.002, key=key) as load:
        time.sleep(1)
        tenant.revoke("leaver")
        revoked = time.monotonic()
        time.sleep(1)
    accepted = [each.at - revoked for each in load.outcomes if each.status == 200]
    assert set(load.count()) == {200, 401}, load.failures()
    assert max(accepted) < patience(0.2), max(accepted)
