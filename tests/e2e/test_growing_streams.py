"""Streams under strict limits: the hold grows with the answer, and the answer ends where nobody pays."""

import json

import pytest

from weir_harness.tenant import MODEL
from weir_harness.waiting import at_once, eventually
from weir_harness.wire import text_of

STRICT = "ENFORCEMENT_STRICT"


def spent_upstream(mock):
    """What the provider counts, cut answers included."""
    ledger = mock.ledger()
    return sum(ledger[each] for each in ("prompt_tokens", "completion_tokens",
                                         "aborted_prompt_tokens", "aborted_completion_tokens"))


@pytest.mark.parametrize("model_max", [0, 16_000], ids=["unknown_model", "known_model"])
def test_a_stream_longer_than_its_first_hold_is_delivered_whole(tenant, mock, model_max):
    """A quarter of the budget is less than the largest answer: 256 tokens are held at first."""
    tenant.put_model("long", output_tokens_max=model_max)
    tenant.wait_for("long")
    tenant.limit("daily", 20_000, enforcement=STRICT)
    mock.behave(mode="words", words=3000)
    chunks = tenant.stream("hi", model="long").chunks()
    assert len(text_of(chunks).split()) == 3000
    spent = tenant.settled(1)
    assert (spent.total, spent.estimated) == (spent_upstream(mock), 0)
    assert tenant.limit_state("daily").remaining == 20_000 - spent.total


def test_a_stream_alone_gets_the_last_token_of_its_budget(tenant, mock):
    tenant.limit("daily", 2000, enforcement=STRICT)
    mock.behave(mode="words", words=5000)
    chunks = tenant.stream("hi").chunks()
    assert len(text_of(chunks).split()) == 1990  # The prompt is 10.
    assert chunks[-1]["choices"][0]["finish_reason"] == "length"
    assert tenant.settled(1).total == spent_upstream(mock) == 2000


def test_a_stream_that_nobody_pays_for_is_cut_visibly(tenant, mock):
    """So large a budget that no cap is written, and a provider that would go on for ever."""
    tenant.limit("daily", 6000, enforcement=STRICT)
    mock.behave(mode="words", words=100_000, frame_delay_ms=1)
    events = tenant.stream("hi", stream_options={"include_usage": True}).rest()
    *chunks, finish, usage, error = [json.loads(each) for each in events]
    assert finish["choices"] == [{"index": 0, "delta": {}, "finish_reason": "length"}]
    assert (finish["id"], finish["model"]) == (chunks[-1]["id"], chunks[-1]["model"])
    assert error["error"]["code"] in ("rate_limit_exceeded", "insufficient_quota")
    assert "daily" in error["error"]["message"]
    eventually(lambda: mock.open_count() == 0, within=1, what="the end upstream")
    spent = tenant.settled(1)
    assert (usage["usage"]["total_tokens"], spent.estimated) == (spent.total, 1)
    delivered = len(text_of(chunks).split())
    assert delivered < spent_upstream(mock) <= spent.total <= 6000
    assert tenant.chat("hi", max_tokens=20).status == 429


def test_16_streams_over_one_budget_never_exceed_it(tenant, mock):
    tenant.limit("daily", 3000, enforcement=STRICT)
    mock.behave(mode="words", words=300, frame_delay_ms=3)

    def ask(_):
        stream = tenant.stream("hi")
        return stream.status, stream.rest()

    answers = at_once(16, ask)
    admitted = [events for status, events in answers if status == 200]
    cut = [events for events in admitted if events[-1] != "[DONE]"]
    assert {status for status, _ in answers} <= {200, 429}
    assert cut, "else this shows nothing"
    for events in cut:
        assert json.loads(events[-2])["choices"][0]["finish_reason"] == "length"
        assert "daily" in json.loads(events[-1])["error"]["message"]
    eventually(lambda: mock.open_count() == 0, within=1, what="the end upstream")
    spent = tenant.settled(len(admitted))
    assert spent_upstream(mock) <= spent.total <= 3000
    assert tenant.limit_state("daily").remaining == 3000 - spent.total


def test_16_streams_that_fit_are_delivered_whole(tenant, mock):
    """Sixteen streams whose holds all grow, and fit: none is cut."""
    tenant.put_model(MODEL, output_tokens_max=5000)
    tenant.limit("daily", 18_000, enforcement=STRICT)
    mock.behave(mode="words", words=200, frame_delay_ms=1)
    answers = at_once(16, lambda _: tenant.stream("hi").rest())
    assert all(events[-1] == "[DONE]" for events in answers)
    assert tenant.settled(16).total == spent_upstream(mock) == 16 * 210
