"""Shares of limits that edges spend by themselves: never over the limit, whoever dies, and not lost."""

import json
import signal
import time

from weir_harness.settings import patience
from weir_harness.tenant import REQUESTS, Tenant
from weir_harness.upstream import chat_body
from weir_harness.waiting import eventually
from weir_harness.wire import CHAT

BUDGET = 400


def ask(edge, tenant):
    """Status and headers of one answer of this edge."""
    connection = edge.connect(timeout=30)
    try:
        connection.request("POST", CHAT, json.dumps(chat_body("hi")),
                           {"Content-Type": "application/json",
                            "Authorization": f"Bearer {tenant.secret}"})
        reply = connection.getresponse()
        reply.read()
        return reply.status, dict(reply.getheaders())
    finally:
        connection.close()


def spend(edge, tenant, until):
    """Asks until the limit says that there is nothing more; how often it was answered."""
    answered = 0
    deadline = time.monotonic() + patience(40)
    while time.monotonic() < deadline:
        status, headers = ask(edge, tenant)
        if status == 200:
            answered += 1
            continue
        assert status == 429, (status, headers)
        if answered >= until:
            break
        time.sleep(0.2)
    return answered


def test_a_killed_edge_takes_no_budget_along_and_nobody_spends_it_twice(new_suite, mock):
    suite = new_suite(replicas={"edge": 2})
    tenant = Tenant(suite, mock)
    tenant.limit("budget", BUDGET, REQUESTS, period="86400s")
    first, second = suite.edges
    for _ in range(30):
        assert ask(second, tenant)[0] == 200
    # It has eight calls on lease now, and stays down.
    suite.parts["edge-2"].stop(by=signal.SIGKILL)
    answered = spend(first, tenant, BUDGET - 30)
    assert answered == BUDGET - 30
    assert ask(first, tenant)[0] == 429
    assert mock.ledger()["requests"] == BUDGET
    assert tenant.settled(BUDGET).requests == BUDGET
    suite.parts["edge-2"].launch()


def test_while_quota_is_away_what_is_leased_is_spent_and_not_more(new_suite, mock):
    suite = new_suite()
    tenant = Tenant(suite, mock)
    tenant.limit("budget", BUDGET, REQUESTS, period="86400s")
    (edge,) = suite.edges
    for _ in range(20):
        assert ask(edge, tenant)[0] == 200
    suite.parts["quota"].stop(by=signal.SIGKILL)
    time.sleep(patience(1.2))  # What quota said last is fresh for a second.
    outcomes = [ask(edge, tenant) for _ in range(40)]
    granted = [headers for status, headers in outcomes if status == 200]
    assert 0 < len(granted) < 40
    assert {status for status, _ in outcomes} == {200, 503}
    assert any(headers.get("x-weir-degraded") == "quota" for headers in granted)
    suite.parts["quota"].launch()
    eventually(lambda: ask(edge, tenant)[0] == 200, within=20, what="an answer")
    books = mock.ledger()["requests"]
    assert tenant.settled(books).requests == books
