"""Callers that have policies, while guardrails or cache are away: nothing goes out unseen, and nobody waits for what was only faster."""

import signal
import time

import pytest
from load import Load
from weir_harness.settings import patience
from weir_harness.tenant import Tenant
from weir_harness.waiting import eventually

AWAY = 3.0      # Seconds that a part is missing: longer than a judgement is waited for.
RECOVERY = 5.0  # After its return: nothing but 200 from then on.
EMAIL = "jane.doe@example.com"
EVERYBODY = [{"level": "LEVEL_ORGANIZATION"}]
MASK = [{"name": "mail", "action": "mask", "entities": {"types": ["EMAIL"]}}]


class Away:
    """While it lasts, the part does not run, or stands still."""

    def __init__(self, suite, part, how):
        self._suite, self._part, self._how = suite, suite.parts[part], how
        self.began = self.ended = 0.0

    def __enter__(self):
        self.began = time.monotonic()
        if self._how == "killed":
            self._part.stop(by=signal.SIGKILL)
        else:
            self._part.send(signal.SIGSTOP)
        return self

    def __exit__(self, *_):
        if self._how == "killed":
            self._part.launch()
        else:
            self._part.send(signal.SIGCONT)
        self.ended = time.monotonic()


def outage(suite, part, how, load):
    """What became of the calls of `load` in and after an outage; before it they are answered."""
    with load:
        time.sleep(0.5)
        with Away(suite, part, how) as away:
            time.sleep(AWAY)
        time.sleep(patience(RECOVERY) + 1)
    assert set(load.count(until=away.began - 0.3)) == {200}, load.failures()
    return (load.count(away.began - 0.3, away.ended + patience(RECOVERY)),
            load.count(away.ended + patience(RECOVERY)))


def masked(tenant, mock):
    """Whether the provider saw a placeholder of an address."""
    assert tenant.chat(EMAIL).status == 200
    return EMAIL not in mock.last()["body"]


@pytest.mark.parametrize("how", ["killed", "paused"])
def test_nothing_leaves_unseen_while_guardrails_are_away(new_suite, mock, how):
    suite = new_suite()
    tenant = Tenant(suite, mock)
    tenant.put("GuardrailPolicy", "masks", attachments=EVERYBODY, rules=MASK)
    eventually(lambda: masked(tenant, mock), what="the policy")
    mock.reset()
    load = Load(suite, tenant, text=f"Write to {EMAIL}.", callers=4, pause=0.02)
    meanwhile, after = outage(suite, "guardrails", how, load)
    assert set(meanwhile) <= {200, 503}, load.failures()
    # Who stands still for so long is waited for.
    assert meanwhile[503] > 0 or how == "paused", meanwhile
    assert set(after) == {200} and after[200] > 5, (after, load.failures())
    bodies = [each["body"] for each in mock.requests(limit=10_000)]
    assert bodies and not [each for each in bodies if EMAIL in each]


def test_a_policy_may_let_through_what_nobody_can_judge(new_suite, mock):
    suite = new_suite()
    tenant = Tenant(suite, mock)
    tenant.put("GuardrailPolicy", "masks", attachments=EVERYBODY, rules=MASK, fail_open=True)
    eventually(lambda: masked(tenant, mock), what="the policy")
    load = Load(suite, tenant, text=f"Write to {EMAIL}.", callers=4, pause=0.02)
    meanwhile, after = outage(suite, "guardrails", "killed", load)
    assert set(meanwhile) == {200}, load.failures()
    assert set(after) == {200}, load.failures()
    eventually(lambda: masked(tenant, mock), what="guardrails, again")


@pytest.mark.parametrize("how", ["killed", "paused"])
def test_calls_go_on_without_the_cache(new_suite, mock, how):
    suite = new_suite()
    tenant = Tenant(suite, mock)
    tenant.put("CachePolicy", "answers", attachments=EVERYBODY)

    def hit():
        reply = tenant.chat("one two three")
        assert reply.status == 200, reply
        return reply.headers["X-Cache-Status"] == "HIT"
    eventually(hit, what="an answer of the cache")
    load = Load(suite, tenant, callers=4, pause=0.02)
    meanwhile, after = outage(suite, "cache", how, load)
    assert set(meanwhile) == {200}, load.failures()
    assert set(after) == {200} and after[200] > 5, (after, load.failures())
    slowest = max(each.seconds for each in load.outcomes)
    assert slowest < patience(1.5), slowest
    eventually(hit, within=5, what="an answer of the cache, again")
