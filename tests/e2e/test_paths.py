"""What is served where: paths, methods, models."""

import grpc
import pytest

from weir_harness.tenant import MODEL
from weir_harness.waiting import eventually
from weir_harness.wire import check_error

PREFIXES = ["", "/v1", "{context}", "{context}/v1"]


@pytest.fixture
def context(tenant):
    return tenant.proxy("assistant")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_S0_5_every_prefix_serves_every_kind(tenant, context, prefix):
    prefix = prefix.format(context=context)
    assert tenant.chat(path=prefix + "/chat/completions").status == 200
    assert tenant.embed(path=prefix + "/embeddings").status == 200
    assert MODEL in [each["id"] for each in tenant.get(prefix + "/models").json()["data"]]
    assert tenant.get(f"{prefix}/models/{MODEL}").json()["id"] == MODEL


def test_models_are_listed_as_openai_lists_them(new_tenant):
    tenant = new_tenant(models=("large", "small"))
    listed = tenant.get("/v1/models").json()
    assert listed["object"] == "list"
    assert {each["id"] for each in listed["data"]} == {"large", "small"}
    for each in listed["data"]:
        assert each["object"] == "model" and each["owned_by"]
        assert isinstance(each["created"], int) and each["created"] > 1_700_000_000
        assert tenant.get(f"/v1/models/{each['id']}").json() == each


def test_a_key_sees_its_own_models_alone(new_tenant):
    tenant = new_tenant(models=("large", "small"))
    key = tenant.key(allowed_models=["small"])
    assert [each["id"] for each in tenant.get("/v1/models", key).json()["data"]] == ["small"]
    check_error(tenant.get("/v1/models/large", key), 404, "model_not_found", param="model")


def test_a_model_id_may_have_slashes(tenant):
    tenant.put_model("vendor/family:7b")
    tenant.wait_for("vendor/family:7b")
    assert tenant.get("/v1/models/vendor/family:7b").json()["id"] == "vendor/family:7b"
    assert tenant.chat(model="vendor/family:7b").status == 200


def test_a_deleted_model_is_gone(tenant):
    tenant.put_model("brief")
    tenant.wait_for("brief")
    tenant.gateway.admin.call("weir.routing.v1.RoutingAdminService/DeleteModel",
                              {"organization": tenant.name, "name": "brief"})
    eventually(lambda: all(tenant.chat(model="brief").status == 404 for _ in range(8)), within=2,
               what="the model's end")
    check_error(tenant.chat(model="brief"), 404, "model_not_found", param="model")


def test_an_unknown_model_is_404(tenant, mock):
    message = check_error(tenant.chat(model="gpt-9"), 404, "model_not_found", param="model",
                          kind="invalid_request_error")
    assert "gpt-9" in message
    check_error(tenant.get("/v1/models/gpt-9"), 404, "model_not_found", param="model")
    assert mock.ledger()["requests"] == 0


@pytest.mark.parametrize("path", ["/", "/v1", "/v2/chat/completions", "/nothing", "/metrics",
                                  "/healthz", "/readyz", "/v1/chat", "/v1/completions",
                                  "/nobody/chat/completions", "/v1/models/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_url_is_404(tenant, path, method):
    reply = tenant.gateway.http.request(method, path, "{}", tenant.auth())
    check_error(reply, 404, "unknown_url", kind="invalid_request_error")


@pytest.mark.parametrize("method, path, allowed", [
    ("GET", "/v1/chat/completions", "POST"), ("PUT", "/v1/chat/completions", "POST"),
    ("DELETE", "/v1/embeddings", "POST"), ("PATCH", "/chat/completions", "POST"),
    ("POST", "/v1/models", "GET"), ("DELETE", f"/v1/models/{MODEL}", "GET"),
    ("TRACE", "/v1/chat/completions", "POST"), ("BREW", "/v1/chat/completions", "POST")])
def test_another_method_is_405_and_says_which(tenant, mock, method, path, allowed):
    reply = tenant.gateway.http.request(method, path, "{}", tenant.auth())
    check_error(reply, 405, reply.error["code"], kind="invalid_request_error")
    assert allowed in [each.strip() for each in reply.headers["Allow"].split(",")]
    assert mock.ledger()["requests"] == 0


def test_a_context_belongs_to_one_proxy(new_tenant):
    one, two = new_tenant(), new_tenant()
    context = one.proxy("assistant")
    with pytest.raises(grpc.RpcError) as refused:
        two.put("Proxy", "assistant", context=context)
    assert refused.value.code() == grpc.StatusCode.ALREADY_EXISTS


def test_S0_8_the_provider_itself_answers_as_the_sample_says(mock):
    answer = mock.chat(model="anything").json()
    assert answer["id"] == "chatcmpl-mock777"
    assert answer["usage"] == {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    assert mock.request("POST", "/chat/completions", "{}").status == 404
    assert mock.request("GET", "/v1/chat/completions").status == 405


def test_embeddings_come_as_the_provider_gave_them(tenant, mock):
    body = {"model": MODEL, "input": ["one two", "three"], "dimensions": 4}
    through = tenant.post("/v1/embeddings", body)
    assert through.body == mock.post("/v1/embeddings", body).body
    assert tenant.settled(1).total == 3
