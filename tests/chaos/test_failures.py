"""Each part dies, stands still, and comes back, under load: docs/failure_modes.md says what callers see."""

import os
import random
import signal
import time

import pytest
from load import Load
from weir_harness.books import check_books
from weir_harness.settings import patience
from weir_harness.tenant import Tenant

ROUNDS = int(os.environ.get("WEIR_CHAOS_ROUNDS", "1"))
SEED = int(os.environ.get("WEIR_CHAOS_SEED", "0")) or random.randrange(1, 1 << 30)
AWAY = 2.0       # Seconds that a part is missing.
RECOVERY = 5.0   # After its return: nothing but 200 from then on.

# What callers may see while a part is away, besides 200.
MEANWHILE = {
    "edge-2": {"lost", 503},  # Those whose connection it had; whose answers it overslept.
    "identity": set(),       # Known keys go on.
    "quota": {503},          # Nobody can say whether they may.
    "routing": set(),        # The last table serves on.
    "guardrails": set(),     # Without a policy nobody asks; with one: test_policies_away.py.
    "cache": set(),
    "redis": {503},          # Strict limits.
    "postgres": set(),       # What must last waits in the outboxes.
}


def kill(suite, part):
    if part == "redis":
        suite.redis.kill()
    elif part == "postgres":
        suite.postgres.kill()
    else:
        suite.parts[part].stop(by=signal.SIGKILL)


def bring_back(suite, part):
    if part == "redis":
        suite.redis.start()
    elif part == "postgres":
        suite.postgres.start()
    else:
        suite.parts[part].launch()


def send(suite, part, number):
    if part == "redis":
        suite.redis.process.send_signal(number)
    elif part == "postgres":
        suite.postgres.send(number)
    else:
        suite.parts[part].send(number)


def one_round(suite, tenant, part, how):
    """Load, an outage, the return; what was seen before, in and after it."""
    with Load(suite, tenant) as load:
        time.sleep(0.5)
        lost_at = time.monotonic()
        if how == "killed":
            kill(suite, part)
            time.sleep(AWAY)
            bring_back(suite, part)
        else:
            send(suite, part, signal.SIGSTOP)
            time.sleep(AWAY)
            send(suite, part, signal.SIGCONT)
        back_at = time.monotonic()
        time.sleep(patience(RECOVERY) + 1)
    assert set(load.count(until=lost_at - 0.3)) == {200}, load.failures()
    meanwhile = set(load.count(lost_at - 0.3, back_at + patience(RECOVERY)))
    assert meanwhile <= {200} | MEANWHILE[part], (meanwhile, load.failures())
    after = load.count(back_at + patience(RECOVERY))
    assert set(after) == {200} and after[200] > 5, (after, load.failures())
    return load


@pytest.mark.parametrize("how", ["killed", "paused"])
@pytest.mark.parametrize("part", MEANWHILE)
def test_nothing_is_lost_and_it_recovers_by_itself(new_suite, mock, part, how):
    print("WEIR_CHAOS_SEED", SEED)
    suite = new_suite(replicas={"edge": 2})
    for _ in range(ROUNDS):
        tenant = Tenant(suite, mock)
        tenant.limit("budget", 1_000_000_000, enforcement="ENFORCEMENT_STRICT")
        mock.reset()
        check_books(tenant, mock, one_round(suite, tenant, part, how).count()[200])
