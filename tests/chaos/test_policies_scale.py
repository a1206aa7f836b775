"""Guardrails and cache grow and shrink under load; what one replica is told holds at all."""

import collections
import signal
import time

import pytest
from load import Load
from weir_harness.admin import Admin
from weir_harness.settings import patience
from weir_harness.suite import SERVICES
from weir_harness.tenant import Tenant
from weir_harness.waiting import eventually

EMAIL = "jane.doe@example.com"
TEXT = f"Write to {EMAIL}, please."
CALLERS = 40
RULE = {"name": "mail", "entities": {"types": ["EMAIL"]}}
BOTH_WAYS = {**RULE, "action": "redact", "directions": ["DIRECTION_REQUEST", "DIRECTION_RESPONSE"]}


def total(part, name):
    """The sum of a metric of a process, over its labels."""
    lines = part.ops.get("/metrics").body.decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith((name + " ", name + "{")))


class MaskedLoad(Load):
    """Callers who repeat themselves every now and then, and look whether an answer is masked."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, text=TEXT, **more)
        self.unmasked, self.seen, self.found = [], 0, collections.Counter()

    def look(self, headers, body):
        with self._lock:
            self.seen += 1
            self.found[headers.get("X-Cache-Status")] += 1
            if EMAIL in body or "[EMAIL]" not in body:
                self.unmasked.append(body)


def admin_of(suite, name):
    """The admin port of one replica."""
    return Admin(suite.parts[name].config["admin"]["address"], suite.token_file.read_text().strip())


@pytest.fixture
def pair(new_suite):
    """Two of guardrails and two of the cache."""
    return new_suite(replicas={"edge": 2, "guardrails": 2, "cache": 2})


def test_guardrails_and_cache_scale_under_load(pair, mock):
    tenant = Tenant(pair, mock)
    tenant.guard("masks", rules=[BOTH_WAYS])
    tenant.cache("answers", ttl="1s")
    mock.behave(mode="echo")
    seconds = ("guardrails-2", "cache-2")
    for name in seconds:
        assert pair.parts[name].stop() == 0
    shares = {}
    with MaskedLoad(pair, tenant, callers=CALLERS, pause=0.01) as load:
        time.sleep(1)
        for name in seconds:
            pair.parts[name].start()
        time.sleep(2)
        for name in (*seconds, "guardrails", "cache"):
            shares[name] = (total(pair.parts[name], "weir_guardrails_inspections_total")
                            if name.startswith("guardrails") else
                            total(pair.parts[name], "weir_cache_hits_total") +
                            total(pair.parts[name], "weir_cache_misses_total"))
        for name in seconds:
            assert pair.parts[name].stop() == 0
        time.sleep(1)
    print(load.count(), load.found, "shares", shares)
    assert set(load.count()) == {200}, load.failures()
    assert load.seen == load.count()[200] > 200 and not load.unmasked, load.unmasked[:3]
    assert load.found["HIT"] > 0
    assert all(each > 20 for each in shares.values()), shares
    assert EMAIL not in "".join(each["body"] for each in mock.requests())


@pytest.mark.parametrize("part", SERVICES)
def test_C_4_each_service_scales_by_itself(new_suite, mock, part):
    suite = new_suite(replicas={part: 3})
    tenant = Tenant(suite, mock)
    tenant.limit("requests", 1_000_000, "UNIT_REQUESTS", enforcement="ENFORCEMENT_STRICT")
    tenant.guard("masks", rules=[BOTH_WAYS])
    tenant.cache("answers", ttl="1s")
    mock.behave(mode="echo")
    others = [suite.parts[f"{part}-{number}"] for number in (2, 3)]
    for each in others:
        assert each.stop() == 0
    with MaskedLoad(suite, tenant, callers=12, pause=0.01) as load:
        time.sleep(0.7)
        for each in others:
            each.start()
        time.sleep(1.2)
        up = total(suite.parts["edge"], f'weir_rpc_replicas_up{{service="{part}"}}')
        for each in others:
            assert each.stop() == 0
        time.sleep(0.7)
    assert set(load.count()) == {200}, load.failures()
    assert not load.unmasked, load.unmasked[:3]
    # Each loop has a pipe to each replica of what is asked for every call; all share that to routing.
    assert up == (1 if part == "routing" else 2) * 3, up
    answered = load.count()[200]
    assert tenant.settled(answered, within=10).requests == answered


def test_a_policy_put_at_one_replica_is_in_force_at_the_other(pair, mock):
    tenant = Tenant(pair, mock)
    tenant.guard("masks", rules=[{**RULE, "action": "mask"}])
    admins = [admin_of(pair, name) for name in ("guardrails", "guardrails-2")]
    took = []
    try:
        for number in range(12):
            rule = ({**RULE, "action": "redact"} if number % 2 == 0 else {**RULE, "action": "mask"})
            want = "[EMAIL]" if number % 2 == 0 else "[[EMAIL-1]]"
            admins[number // 2 % 2].put("GuardrailPolicy", tenant.name, "masks",
                                        {"attachments": [{"level": "LEVEL_ORGANIZATION"}], "rules": [rule]})
            put = time.monotonic()
            last = put
            # Until a second has passed: whichever edge and replica it comes to.
            while time.monotonic() - put < patience(1.2):
                assert tenant.chat(TEXT).status == 200
                body = mock.last()["body"]
                assert EMAIL not in body
                if f"Write to {want}," not in body:
                    last = time.monotonic()
            took.append(last - put)
    finally:
        for each in admins:
            each.close()
    print("in force after", [f"{each:.3f}" for each in took])
    assert max(took) < patience(1), took
    # The one that was told last is not the one that remembers it.
    pair.parts["guardrails-2"].stop(by=signal.SIGKILL)
    for _ in range(20):
        assert tenant.chat(TEXT).status == 200
        assert "[[EMAIL-1]]" in mock.last()["body"]
    pair.parts["guardrails-2"].launch()


def test_a_cache_policy_put_at_one_replica_is_in_force_at_the_other(pair, mock):
    tenant = Tenant(pair, mock)
    tenant.cache("answers")
    eventually(lambda: tenant.chat(TEXT).headers["X-Cache-Status"] == "HIT", what="a hit")
    for name in ("cache-2", "cache"):
        admin = admin_of(pair, name)
        put = time.monotonic()
        admin.put("CachePolicy", tenant.name, "answers", {"attachments": [{"level": "LEVEL_TEAM", "subject": name}]})
        admin.close()
        eventually(lambda: all("X-Cache-Status" not in tenant.chat(TEXT).headers for _ in range(8)), within=1,
                   what="its end")
        print(f"ended after {time.monotonic() - put:.3f} s")
        tenant.cache("answers")
        assert "X-Cache-Status" in tenant.chat(TEXT).headers


def test_what_one_cache_keeps_the_other_tells(pair, mock):
    """100 answers, each looked for at both replicas from the moment on that it was given."""
    tenant = Tenant(pair, mock)
    tenant.cache("answers", no_single_flight=True)
    mock.behave(mode="echo")
    caches = ("cache", "cache-2")

    def hits():
        return {name: total(pair.parts[name], "weir_cache_hits_total") for name in caches}
    before, took = hits(), []
    for number in range(100):
        question = f"What is behind door {number}?"
        assert tenant.chat(question).headers["X-Cache-Status"] == "MISS"
        given = last = time.monotonic()
        # Calls go to either replica: so many hits in a row are of both.
        row = 0
        while row < 6:
            found = tenant.chat(question).headers["X-Cache-Status"]
            row = row + 1 if found == "HIT" else 0
            if found != "HIT":
                last = time.monotonic()
            assert last - given < patience(2), question
        took.append(last - given)
    took.sort()
    shares = {name: count - before[name] for name, count in hits().items()}
    print(f"visible after: median {took[50] * 1000:.1f} ms, p99 {took[98] * 1000:.1f} ms, longest {took[99] * 1000:.1f} ms", shares)
    assert took[98] < patience(0.1), took[-5:]
    assert all(each > 100 for each in shares.values()), shares
