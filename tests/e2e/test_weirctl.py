"""The operator's command line against a running gateway."""

import pytest
import yaml

from weir_harness.waiting import eventually
from weir_harness.weirctl import Weirctl


@pytest.fixture
def ctl(gateway):
    return Weirctl(gateway)


def documents(tenant, mock):
    return [{"kind": "Team", "name": "crew", "spec": {"displayName": "The crew"}},
            {"kind": "User", "name": "ann", "spec": {"team": "crew"}},
            {"kind": "Provider", "name": "declared",
             "spec": {"baseUrl": mock.url, "authValue": "Bearer declared-credential"}},
            {"kind": "Model", "name": "declared-model",
             "spec": {"targets": [{"provider": "declared", "upstreamModel": "up"}]}},
            {"kind": "Proxy", "name": "declared", "spec": {"context": "/" + tenant.name}},
            {"kind": "Limit", "name": "two", "spec": {
                "level": "LEVEL_USER", "subject": "ann", "unit": "UNIT_REQUESTS", "count": "2",
                "fixedWindow": {"period": "60s"}}},
            {"kind": "Key", "name": "ann-key", "spec": {
                "value": f"value-of-anns-key-{tenant.name}", "team": "crew", "user": "ann"}}]


@pytest.fixture
def folder(tenant, mock, tmp_path):
    for number, document in enumerate(reversed(documents(tenant, mock))):
        (tmp_path / f"{number}.yaml").write_text(
            yaml.safe_dump({**document, "organization": tenant.name}))
    return tmp_path


def test_what_documents_declare_is_served(ctl, tenant, mock, folder):
    report = ctl.json("apply", "-f", folder)
    assert [each["changed"] for each in report["documents"]] == [True] * 7
    tenant.wait_for("declared-model")
    key = f"value-of-anns-key-{tenant.name}"
    path = f"/{tenant.name}/chat/completions"
    eventually(lambda: tenant.get(f"/{tenant.name}/models").status == 200, what="the proxy")
    statuses = [tenant.chat(key=key, path=path, model="declared-model").status for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert mock.last()["model"] == "up"
    assert mock.headers()["authorization"] == "Bearer declared-credential"


def test_applying_twice_changes_nothing(ctl, folder):
    ctl.output("apply", "-f", folder)
    report = ctl.json("apply", "-f", folder)
    assert {each["name"] for each in report["documents"] if each["changed"]} == set()


def test_a_dry_run_changes_nothing(ctl, tenant, folder):
    report = ctl.json("apply", "--dry-run", "-f", folder)
    assert report["dryRun"] and all(each["changed"] for each in report["documents"])
    assert tenant.chat(key=f"value-of-anns-key-{tenant.name}").status == 401


def test_one_bad_document_and_nothing_is_changed(ctl, tenant, folder):
    (folder / "zz.yaml").write_text(
        f"kind: Limit\nname: bad\norganization: {tenant.name}\nspec: {{count: many, levle: x}}\n")
    done = ctl.run("apply", "-f", folder)
    assert done.returncode != 0
    assert "zz.yaml" in done.stderr and "count" in done.stderr and "levle" in done.stderr
    assert tenant.chat(key=f"value-of-anns-key-{tenant.name}").status == 401


def test_keys_are_made_listed_and_revoked(ctl, tenant):
    of = ("--organization", tenant.name)
    key = ctl.output("keys", "create", "worker", *of).strip()
    assert tenant.chat(key=key).status == 200
    listed = ctl.json("keys", "list", *of)
    assert {"app", "worker"} == {each["name"] for each in listed["keys"]}
    assert key not in ctl.output("keys", "list", "--all", *of)
    ctl.output("keys", "revoke", "worker", *of)
    tenant.wait_for_refusal(key, "api_key_revoked")


def test_usage_shows_what_was_spent_and_what_was_estimated(ctl, tenant, mock):
    tenant.chat()
    mock.behave(omit_usage=True)
    tenant.chat()
    tenant.settled(2)
    rows = ctl.json("usage", "--by", "key", "--organization", tenant.name)["rows"]
    row, = rows
    assert row["group"] == {"key": "app"}
    assert (int(row["requests"]), int(row["attempts"])) == (2, 2)
    assert int(row["estimatedAttempts"]) == 1
    table = ctl.output("usage", "--by", "key", "--organization", tenant.name)
    assert "app" in table and "estimated" in table.lower()


def test_limits_show_where_a_caller_stands(ctl, tenant):
    tenant.limit("calls", 5, "UNIT_REQUESTS")
    tenant.chat()
    states = ctl.json("limits", "--key", "app", "--organization", tenant.name)["states"]
    state, = states
    assert (state["limitName"], int(state["limit"]), int(state["remaining"])) == ("calls", 5, 4)


def test_status_tells_what_is_degraded_and_suspended(ctl, tenant, mock):
    tenant.put("Proxy", "hollow", context="/" + tenant.name, provider="not-there")
    mock.behave(status=503)
    tenant.chat()
    text = ctl.output("status", "--organization", tenant.name)
    assert "not-there" in text and "503" in text and "vendor" in text


@pytest.mark.parametrize("arguments", [["nonsense"], ["keys"], ["apply"], ["--output", "xml",
                                                                           "status"]])
def test_bad_usage_is_told_apart(ctl, arguments):
    assert ctl.run(*arguments).returncode == 2


def test_a_wrong_token_is_refused_and_not_repeated(gateway, tenant, tmp_path):
    wrong = tmp_path / "wrong.token"
    wrong.write_text("wa_not-a-token")
    done = Weirctl(gateway, wrong).run("usage", "--organization", tenant.name)
    assert done.returncode == 1 and "unauthenticated" in done.stderr
    assert "wa_not-a-token" not in done.stdout + done.stderr
