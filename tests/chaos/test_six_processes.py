"""An edge and five services, each a process: one governed call needs them all, and each can be asked what it offers."""

import pathlib
import time

import pytest
from weir_harness.admin import Admin
from weir_harness.settings import patience
from weir_harness.tenant import Tenant
from weir_harness.waiting import eventually

EMAIL = "jane.doe@example.com"
EVERYBODY = [{"level": "LEVEL_ORGANIZATION"}]
PARTS = {"identity": "Identity", "quota": "Quota", "routing": "Routing", "guardrails": "Guardrails", "cache": "Cache"}


@pytest.fixture
def suite(new_suite):
    return new_suite()


def test_C_1_six_processes_serve_a_governed_call(suite, mock):
    tenant = Tenant(suite, mock)
    tenant.limit("budget", 1_000_000)
    tenant.put("GuardrailPolicy", "masks", attachments=EVERYBODY, rules=[
        {"name": "mail", "action": "mask", "entities": {"types": ["EMAIL"]}}])
    tenant.put("CachePolicy", "answers", attachments=EVERYBODY)
    time.sleep(patience(0.5))  # In force, wherever it is asked for.
    mock.reset()
    eventually(lambda: tenant.chat("A question.").headers.get("X-Cache-Status") == "HIT", what="an answer of the cache")
    assert tenant.chat("Another one.", key="nobody's").status == 401
    assert tenant.chat(f"Write to {EMAIL}.").headers["X-Cache-Status"] == "MISS"
    body = mock.last()["body"]
    assert EMAIL not in body and "[[EMAIL-1]]" in body
    # The provider made two answers; the others cost nothing.
    assert mock.ledger()["requests"] == 2
    eventually(lambda: [row.total for row in tenant.usage()] == [2 * 30], what="the bill")
    assert tenant.limit_state("budget").remaining < 1_000_000
    programs = {pathlib.Path(f"/proc/{part.process.pid}/exe").resolve().name for part in suite.parts.values()}
    assert programs == {"weir-edge", *(f"weir-{name}" for name in PARTS)}


def test_C_1_reflection_reaches_each_service(suite):
    ports = dict(each.split("=") for each in suite.admin_address.split(","))
    assert set(ports) == set(PARTS)
    token = suite.token_file.read_text().strip()
    for name, service in PARTS.items():
        admin = Admin(ports[name], token)
        try:
            own = [each for each in admin.services() if each.startswith("weir.")]
            assert own == [f"weir.{name}.v1.{service}AdminService"]
            assert admin.methods()
        finally:
            admin.close()
