"""The ladder: what is switched on, step by step."""

import dataclasses

from . import settings


@dataclasses.dataclass(frozen=True)
class Rung:
    """One step.

    `keyed`: callers show one of 10,000 keys; `limited`: all are held against limits and a budget;
    `guarded`: what identifies somebody is masked in requests and looked for in answers; `cached`:
    answers are looked for and kept, and no question comes twice.
    """

    name: str
    keyed: bool = False
    limited: bool = False
    guarded: bool = False
    cached: bool = False
    streams: bool = False     # Also measured with streams.
    log_level: str = "warn"   # "info": with a log line a request.


RUNGS = {rung.name: rung for rung in (
    Rung("L0", streams=True),
    Rung("L1", keyed=True),
    Rung("L2", keyed=True, limited=True, streams=True),
    Rung("L3", keyed=True, limited=True, guarded=True, streams=True),
    Rung("L4", keyed=True, limited=True, guarded=True, cached=True),
    Rung("L2-log", keyed=True, limited=True, log_level="info"),
)}
DEFAULT_RUNGS = ("L0", "L1", "L2")


def limit_documents():
    """Requests and tokens a minute, of all callers and of each; a strict budget a day of each."""
    minute = {"period": "60s"}
    return [
        _limit("all-requests", "LEVEL_ORGANIZATION", "UNIT_REQUESTS", tokenBucket=minute),
        _limit("all-tokens", "LEVEL_ORGANIZATION", "UNIT_TOTAL_TOKENS", fixedWindow=minute),
        _limit("key-requests", "LEVEL_KEY", "UNIT_REQUESTS", tokenBucket=minute),
        _limit("key-tokens", "LEVEL_KEY", "UNIT_TOTAL_TOKENS", fixedWindow=minute),
        _limit("key-tokens-a-day", "LEVEL_KEY", "UNIT_TOTAL_TOKENS",
               fixedWindow={"period": "86400s"}, enforcement="ENFORCEMENT_STRICT"),
    ]


def policy_documents(rung):
    """For everybody."""
    everybody = {"attachments": [{"level": "LEVEL_ORGANIZATION"}]}
    policies = []
    if rung.guarded:
        policies.append({"kind": "GuardrailPolicy", "name": "masks",
                         "spec": {**everybody, "preset": "wso2-pii-masking"}})
    if rung.cached:
        policies.append({"kind": "CachePolicy", "name": "answers",
                         "spec": {**everybody, "scope": "SCOPE_ORGANIZATION"}})
    return policies


def _limit(name, level, unit, **algorithm):
    subject = {"subject": "*"} if level == "LEVEL_KEY" else {}
    return {"kind": "Limit", "name": name,
            "spec": {"level": level, **subject, "unit": unit, "count": settings.NEVER, **algorithm}}
