"""kill -9 under load: what was delivered is in the ledger, once."""

import http.client
import random
import signal
import threading
import time

from weir_harness import settings
from weir_harness.settings import KILL_ROUNDS
from weir_harness.tenant import Tenant
from weir_harness.waiting import eventually

WORDS = "alpha beta gamma delta epsilon zeta eta theta iota kappa".split()
MARK = 64  # Tokens between two marks of a stream's progress.
BUDGET = 1_000_000_000
LOST = (OSError, http.client.HTTPException, ValueError)


class Worker(threading.Thread):
    """Calls one model of its own, one call after the other, until the gateway is gone."""

    def __init__(self, tenant, model, words):
        super().__init__(daemon=True)
        self._tenant, self._model = tenant, model
        self.words = words  # Of an answer.
        self.stream = words > len(WORDS)
        self.finished_at = []
        self.delivered = 0  # Words of the answer that was cut.

    def run(self):
        try:
            while True:
                self.delivered = 0
                self._one()
                self.finished_at.append(time.monotonic())
        except LOST:
            pass

    def _one(self):
        text = " ".join((WORDS * self.words)[:self.words])
        if not self.stream:
            assert self._tenant.chat(text, model=self._model).status == 200
            return
        stream = self._tenant.stream(text, model=self._model)
        assert stream.status == 200
        last = None
        for event in stream:
            last = event
            self.delivered += '"content":"' in event and '"content":""' not in event
        stream.close()
        if last != "[DONE]":
            raise ConnectionResetError("cut")


MODELS = {"unary-1": 10, "unary-2": 10, "short-1": 30, "short-2": 30, "long-1": 300,
          "long-2": 300, "long-3": 300}


def by_model(tenant):
    return {row.group["model"]: row for row in tenant.usage("model")}


class Gain:
    """What a round added to a model's row."""

    def __init__(self, before, after):
        for name in ("attempts", "requests", "input", "output", "estimated"):
            setattr(self, name, getattr(after, name, 0) - getattr(before, name, 0))

    def __repr__(self):
        return str(vars(self))


def one_round(gateway, tenant, mock):
    """Load, a kill, a restart; returns the workers and when they were cut off."""
    mock.reset()
    mock.behave(mode="echo", frame_delay_ms=3)
    workers = [Worker(tenant, model, words) for model, words in MODELS.items()]
    for worker in workers:
        worker.start()
    time.sleep(random.uniform(0.5, 1.6))
    killed = time.monotonic()
    gateway.stop(signal.SIGKILL)
    for worker in workers:
        worker.join(timeout=30)
        assert not worker.is_alive()
    eventually(lambda: mock.open_count() == 0, within=5, what="an idle provider")
    gateway.start()
    return workers, killed


def check(worker, provider, gain, killed):
    """That a model's gain is what was delivered: every finished answer exactly, the cut one in its bounds."""
    finished = len(worker.finished_at)
    # An answer that ended with the process may be on either side.
    sure = sum(at < killed - 0.005 for at in worker.finished_at)
    said = sum(provider[name] for name in ("completion_tokens", "aborted_completion_tokens",
                                           "dropped_completion_tokens"))
    why = (finished, sure, worker.delivered, provider, gain)
    assert max(finished, provider["requests"]) <= gain.attempts <= finished + 1, why
    assert gain.requests == gain.attempts, why
    assert gain.estimated <= min(gain.attempts - sure, 2), why
    counted = gain.attempts - gain.estimated  # Settled from what the provider reported.
    output = gain.output - counted * worker.words
    prompts = gain.input - counted * worker.words  # The echo is as long as the prompt.
    if gain.estimated == 0:
        assert (output, prompts) == (0, 0), why
        return
    assert output <= said - counted * worker.words, why
    assert output >= max(0, worker.delivered - MARK - 16) * (finished < gain.attempts), why
    # A prompt's likely count: a token a word, and what each message adds.
    assert 0 < prompts <= gain.estimated * (worker.words + 8), why


def test_nothing_delivered_is_lost_or_billed_twice_by_kill_9(own_gateway, mock):
    gateway = own_gateway()
    tenant = Tenant(gateway, mock, models=(*MODELS, "probe"))
    tenant.limit("daily", BUDGET)
    for _ in range(KILL_ROUNDS):
        before = by_model(tenant)
        workers, killed = one_round(gateway, tenant, mock)
        provider = mock.ledger()["by_model"]
        want = sum(provider[model]["requests"] for model in MODELS)

        def settled(before=before, want=want):
            return sum(row.attempts for row in by_model(tenant).values()) - sum(
                row.attempts for row in before.values()) >= want
        eventually(settled, within=5, what="the settlement of what was cut")
        time.sleep(0.3)  # Anything twice would come now.
        after = by_model(tenant)
        for worker, model in zip(workers, MODELS):
            check(worker, provider[model], Gain(before.get(model), after[model]), killed)
        mock.control("DELETE", "/behaviour")
        assert tenant.chat(model="probe").status == 200  # The key is good, and nothing hangs.
        if settings.is_suite():
            # Quota outlives the edge: what was held and not dispatched yet counts until it lapses.
            assert BUDGET - tenant.limit_state("daily").remaining >= tenant.usage()[0].total
            continue
        eventually(lambda: BUDGET - tenant.limit_state("daily").remaining == tenant.usage()[0].total,
                   what="the budget's count")


def test_what_was_acknowledged_outlives_a_kill(own_gateway, mock):
    gateway = own_gateway()
    tenant = Tenant(gateway, mock)
    key = tenant.key("last-words")
    tenant.limit("calls", 3, "UNIT_REQUESTS", subject="last-words", period="86400s")
    tenant.revoke("app")
    gateway.stop(signal.SIGKILL)
    gateway.start()
    assert [tenant.chat(key=key).status for _ in range(4)] == [200] * 3 + [429]
    assert tenant.chat().error["code"] == "api_key_revoked"


def test_a_days_count_outlives_a_restart(own_gateway, mock):
    gateway = own_gateway()
    tenant = Tenant(gateway, mock)
    tenant.limit("calls", 5, "UNIT_REQUESTS", period="86400s", anchor="ANCHOR_UTC")
    tenant.limit("tokens", 10_000, period="86400s", anchor="ANCHOR_UTC")
    for number, by in enumerate((signal.SIGKILL, signal.SIGTERM), start=1):
        assert [tenant.chat().status for _ in range(2)] == [200, 200]
        tenant.settled(2 * number)
        gateway.stop(by)
        gateway.start()
    assert [tenant.chat().status for _ in range(2)] == [200, 429]
    assert tenant.settled(5).total == 150
    assert tenant.limit_state("tokens").remaining == 10_000 - 150
