"""Each part is cut off the network under load, without a word. docs/failure_modes.md says what callers see; nobody has to mend it."""

import collections
import os
import re
import time

import pytest
from weir_harness.books import check_books
from weir_harness.tenant import Tenant, unique
from weir_harness.waiting import eventually

from suite_harness.compose import SLOW_FACTOR
from suite_harness.installation import Installed, Ways
from suite_harness.load import Load

ROUNDS = int(os.environ.get("WEIR_CHAOS_ROUNDS", "1"))
pytestmark = pytest.mark.timeout(300 + 120 * ROUNDS)

AWAY = 5.0                    # Seconds without a packet.
RECOVERY = 5.0 * SLOW_FACTOR  # After the cut is healed: nothing but 200 from then on.
STRANGERS = 250               # Keys that nobody has seen before, each for one call.
GOVERNED = "governed"         # The model of the provider that serves who has policies.
ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


class Meanwhile(collections.namedtuple("Meanwhile", "known strangers seconds governed", defaults=[None])):
    """What callers may see while a part is away, besides 200: with a key that was used before, and with
    one that was not; how long a call may take; and with a known key that policies of guardrails and cache
    are for (None: as others)."""


# By the table of docs/failure_modes.md, and its "4 s at most".
ALLOWED = {
    # Of two: those whose connection it had, for as long; the balancer says 502 where that breaks.
    "edge": Meanwhile({"lost", 502, 503}, {"lost", 502, 503}, AWAY + RECOVERY),
    "identity": Meanwhile(set(), {503}, 4.5),   # Known keys go on.
    "quota": Meanwhile({503}, {503}, 4.5),      # What is leased is spent; then nobody knows.
    "routing": Meanwhile(set(), set(), 4.5),    # The last table serves on.
    # Nobody says what may leave; calls without a policy do not ask.
    "guardrails": Meanwhile(set(), set(), 4.5, {503}),
    "cache": Meanwhile(set(), set(), 4.5),      # Nothing is found.
    "redis": Meanwhile({503}, {503}, 4.5),      # Strict limits.
    "postgres": Meanwhile(set(), {503}, 4.5),   # What must last waits in the outboxes; new keys do too.
}


class CutOff:
    """While it lasts, no packet comes to the container or leaves it, and nobody is told: a black hole."""

    RULES = (("INPUT", "!", "-i", "lo", "-j", "DROP"), ("OUTPUT", "!", "-o", "lo", "-j", "DROP"))

    def __init__(self, container):
        self._container = container
        self.dropped = {}  # Packets, by chain.

    def _iptables(self, *words):
        return self._container.in_network("iptables", "-w", *words)

    def __enter__(self):
        for chain, *rule in self.RULES:
            self._iptables("-I", chain, *rule)
        return self

    def __exit__(self, *_):
        for chain, *rule in self.RULES:
            self.dropped[chain] = int(self._iptables("-nvxL", chain, "1").split()[0])
            self._iptables("-D", chain, *rule)


@pytest.fixture(scope="module", name="two_edges")
def _two_edges(suite):
    suite.scale("edge", 2)
    with Ways(suite) as ways:
        installed = Installed(suite, ways)
        yield suite, installed, ways.mock()
        installed.close_admin()
    suite.scale("edge", 1)


def lives(suite):
    """Of each container, the process that it is now and how often it was begun."""
    return {f"{each.service} {each.id[:12]}": (each.pid, each.details["State"]["StartedAt"],
                                               each.details["RestartCount"])
            for each in suite.containers()}


def statuses(outcomes):
    return collections.Counter(each.status for each in outcomes)


class Books:
    """Those of the provider without what was asked of one of its models."""

    def __init__(self, mock, without):
        self._mock, self._without = mock, without

    def ledger(self):
        books = self._mock.ledger()
        others = books.pop("by_model").get(self._without, {})
        return {name: value - others.get(name, 0) for name, value in books.items()}


def new_governed(installed, mock):
    """An organisation whose calls are judged, and answered from the cache where they can be."""
    tenant = Tenant(installed, mock, model={"targets": [{"provider": "vendor", "upstream_model": GOVERNED}]})
    everybody = [{"level": "LEVEL_ORGANIZATION"}]
    tenant.put("GuardrailPolicy", "masks", attachments=everybody, rules=[
        {"name": "mail", "action": "mask", "entities": {"types": ["EMAIL"]}}])
    tenant.put("CachePolicy", "answers", attachments=everybody)
    eventually(lambda: tenant.chat("Hello!").headers["X-Cache-Status"] == "HIT", what="an answer of the cache")
    return tenant


def one_round(suite, tenant, governed, part):
    """Load, the cut, the healing; the answers that callers had from the provider, as all calls of `tenant` are."""
    keys = [tenant.key() for _ in range(STRANGERS)]
    with Load(suite.port, tenant.secret, callers=6, pause_seconds=0.02) as known, \
            Load(suite.port, keys, callers=2, pause_seconds=0.1) as strangers, \
            Load(suite.port, governed.secret, callers=2, pause_seconds=0.05) as policies:
        time.sleep(1)
        cut_at = time.monotonic()
        with CutOff(suite.container(part)) as cut:
            time.sleep(AWAY)
        healed_at = time.monotonic()
        time.sleep(RECOVERY)
        everything_works(tenant)
        assert governed.chat(unique("something new")).status == 200
        time.sleep(2)
    assert all(cut.dropped.values()), cut.dropped
    allowed = ALLOWED[part]
    of_governed = allowed.known if allowed.governed is None else allowed.governed
    for load, besides in ((known, allowed.known), (strangers, allowed.strangers), (policies, of_governed)):
        why = (load.failures, suite.logs_of([part, "edge"]))
        assert set(statuses(load.between(until=cut_at - 0.3))) == {200}, why
        meanwhile = load.between(cut_at - 0.3, healed_at + RECOVERY)
        assert set(statuses(meanwhile)) <= {200} | besides, why
        slowest = max(meanwhile, key=lambda each: each.seconds)
        assert slowest.seconds < allowed.seconds * SLOW_FACTOR, (slowest, cut_at, *why)
        after = statuses(load.between(healed_at + RECOVERY))
        assert set(after) == {200} and after[200] > 5, (after, *why)
        # Who is where is nobody's business outside.
        assert not [each for each in load.outcomes if ADDRESS.search(str(each.said))], load.failures
    return known.answers + strangers.answers


def everything_works(tenant):
    """Keys, models and bills, not only what processes remember."""
    key, model = tenant.key(), unique("late")
    tenant.put_model(model)
    tenant.wait_for(model)
    assert tenant.chat(key=key, model=model).status == 200
    assert tenant.limit_state("budget").remaining > 0
    assert tenant.usage()


@pytest.mark.parametrize("part", ALLOWED)
def test_who_was_cut_off_comes_back_by_itself_and_nothing_is_lost(two_edges, part):
    suite, installed, mock = two_edges
    before = lives(suite)
    for _ in range(ROUNDS):
        eventually(lambda: mock.open_count() == 0, within=5, what="an idle provider")
        tenant = Tenant(installed, mock)
        governed = new_governed(installed, mock)
        for each in (tenant, governed):
            each.limit("budget", 1_000_000_000, level="LEVEL_ORGANIZATION", subject="", enforcement="ENFORCEMENT_STRICT")
        mock.reset()
        check_books(tenant, Books(mock, GOVERNED), one_round(suite, tenant, governed, part))
    assert lives(suite) == before
