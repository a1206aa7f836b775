"""What placeholders stand for is known to nobody but the edge, while a call lasts: no log, store or file has it."""

import pathlib
import signal
import subprocess

import pytest

from weir_harness import settings
from weir_harness.postgres import PROGRAMS
from weir_harness.tenant import Tenant
from weir_harness.waiting import eventually
from weir_harness.wire import text_of

EMAIL = "quillfeather.moonstone@hidden-harbour.example"
PHONE = "+1 415 555 2671"
CARD = "4111 1111 1111 1111"
# Only its question and its answer have it.
WORD = "xylographically"
PROMPT = f"Tell {EMAIL} or {PHONE}, {WORD}, that {CARD} was charged."
RULES = [{"name": "all", "action": "tokenize", "entities": {"types": ["EMAIL", "PHONE", "CREDIT_CARD"]}}]
IN_CLEAR = [b"quillfeather", b"moonstone", b"hidden-harbour", b"555 2671", b"5552671", b"1111 1111", b"11111111", WORD.encode()]


def files_of(gateway):
    """All that it, and what it stores in, has on disk."""
    folders = [pathlib.Path(gateway.folder)]
    if settings.is_suite():
        folders += [gateway._run, gateway.postgres.folder]  # pylint: disable=protected-access
    return [each for folder in folders for each in folder.rglob("*") if each.is_file()]


def dump_of(gateway):
    """Its tables as text: rows may lie compressed in files."""
    if not settings.is_suite():
        return b""
    database = gateway._database  # pylint: disable=protected-access
    done = subprocess.run(
        [PROGRAMS / "pg_dump", "--host", gateway.postgres.folder, "--port", str(gateway.postgres.port),
         "--username=weir", database], capture_output=True, check=True)
    assert b"CREATE TABLE" in done.stdout
    return done.stdout


def found_in_clear(gateway):
    found = [f"the dump: {each}" for each in IN_CLEAR if each in dump_of(gateway)]
    for path in files_of(gateway):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue  # A store's, that it needs no more.
        found += [f"{path}: {each}" for each in IN_CLEAR if each in content]
    return found


@pytest.fixture
def busy(own_installation, mock):
    """An installation that logs all it can, and an organisation with placeholders and a cache."""
    gateway = own_installation(log={"level": "debug"})
    tenant = Tenant(gateway, mock)
    tenant.guard("tokens", rules=RULES)
    tenant.cache("answers")
    mock.behave(mode="echo", frames=17)
    return gateway, tenant


def test_values_are_on_no_disk(busy, mock):
    gateway, tenant = busy
    assert tenant.chat(PROMPT).text == PROMPT
    reply = eventually(lambda: (each := tenant.chat(PROMPT)).headers["X-Cache-Status"] == "HIT" and each,
                       within=5, what="a hit")
    assert reply.text == PROMPT
    assert text_of(tenant.stream(PROMPT).chunks()) == PROMPT
    assert text_of(tenant.stream(PROMPT, temperature=0.3).chunks()) == PROMPT
    assert tenant.respond(PROMPT).json()["output"][0]["content"][0]["text"] == PROMPT
    # Calls that come to nothing have their lines in logs, too.
    mock.behave(status=500, body=PROMPT, times=1)
    assert tenant.chat(PROMPT, temperature=0.4).status >= 500
    mock.behave(mode="echo", drop_after_frames=3, frames=17, times=1)
    tenant.stream(PROMPT, temperature=0.5).rest()
    assert tenant.chat(PROMPT, key="nobody's").status == 401
    if settings.is_suite():
        gateway.parts["guardrails"].stop(by=signal.SIGKILL)
        assert tenant.chat(PROMPT, temperature=0.6).status == 503
        gateway.parts["guardrails"].start()
    sent = "".join(each["body"] for each in mock.requests())
    assert "[[EMAIL-1]]" in sent
    assert not [each for each in IN_CLEAR if each in sent.encode() and each != WORD.encode()]
    tenant.settled(mock.ledger()["requests"] + 2, within=10)  # And two hits.
    assert found_in_clear(gateway) == []
    # It looks where things are.
    assert [each for each in files_of(gateway) if tenant.name.encode() in each.read_bytes()]
    assert gateway.stop() == 0
    assert found_in_clear(gateway) == []
