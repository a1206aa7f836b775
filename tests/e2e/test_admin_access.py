"""The admin port: nobody without a token, and nobody beyond its role and organisation."""

import grpc
import pytest

from weir_harness.tenant import IDENTITY, QUOTA, unique

VIEWER, EDITOR, ADMIN = 1, 2, 3
ROLES = {VIEWER: "ROLE_VIEWER", EDITOR: "ROLE_EDITOR", ADMIN: "ROLE_ADMIN"}
OK = grpc.StatusCode.OK


@pytest.fixture
def as_role(gateway):
    """Admin ports as seen by a new token of a role, maybe bound to an organisation."""
    opened = []

    def make(role, organization=""):
        answer = gateway.admin.call(IDENTITY + "CreateAdminToken", {
            "name": unique("token"), "role": ROLES[role], "organization": organization})
        opened.append(gateway.admin_as(answer.secret))
        opened[-1].id = answer.token.id
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def with_token(gateway):
    """The admin port as seen with any token."""
    opened = []

    def make(token):
        opened.append(gateway.admin_as(token))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def code_of(admin, path, request=b""):
    """The status of a call that is sent as bytes: no reflection is needed for it."""
    try:
        admin.call_bytes(path, request)
        return OK
    except grpc.RpcError as refused:
        return refused.code()


def paths(gateway):
    """Every admin RPC with its access rule."""
    admin = gateway.admin
    return [(f"{method.containing_service.full_name}/{method.name}", admin.access(method))
            for method in admin.methods()]


def test_reflection_shows_every_admin_service(gateway):
    services = gateway.admin.services()
    assert {"weir.identity.v1.IdentityAdminService", "weir.quota.v1.QuotaAdminService",
            "weir.routing.v1.RoutingAdminService",
            "weir.guardrails.v1.GuardrailsAdminService",
            "weir.cache.v1.CacheAdminService"} <= set(services)


def test_C_2_every_admin_rpc_declares_who_may_call_it(gateway):
    rules = paths(gateway)
    assert len(rules) > 35
    for path, rule in rules:
        assert rule.role in ROLES, path


@pytest.mark.parametrize("token", [None, "", "wa_nonsense", "wa_" + "0" * 62])
def test_C_2_no_admin_rpc_is_answered_without_a_token(gateway, with_token, token):
    nobody = with_token(token)
    for path, _ in paths(gateway):
        assert code_of(nobody, path) == grpc.StatusCode.UNAUTHENTICATED, path


def test_C_2_an_api_key_is_no_admin_token(gateway, tenant, with_token):
    for path, _ in paths(gateway):
        assert code_of(with_token(tenant.secret), path) == grpc.StatusCode.UNAUTHENTICATED


def test_C_2_reflection_is_behind_the_token_too(with_token):
    with pytest.raises(grpc.RpcError) as refused:
        with_token(None).services()
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("role", ROLES)
def test_C_2_a_role_may_call_what_is_of_its_rank_alone(gateway, as_role, role):
    caller = as_role(role)
    refused = 0
    for path, rule in paths(gateway):
        code = code_of(caller, path)
        if rule.role > role:
            assert code == grpc.StatusCode.PERMISSION_DENIED, path
            refused += 1
        else:
            assert code not in (grpc.StatusCode.PERMISSION_DENIED,
                                grpc.StatusCode.UNAUTHENTICATED), (path, code)
    assert (refused > 0) == (role != ADMIN)


def test_C_2_a_viewers_edit_changes_nothing(tenant, as_role):
    viewer = as_role(VIEWER)
    with pytest.raises(grpc.RpcError) as refused:
        viewer.put("Limit", tenant.name, "calls", {
            "level": "LEVEL_KEY", "subject": "app", "unit": "UNIT_REQUESTS", "count": 0,
            "fixed_window": {"period": "60s"}})
    assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED
    assert tenant.chat().status == 200
    listed = viewer.call(QUOTA + "ListLimits", {"organization": tenant.name})
    assert len(listed.limits) == 0


def test_C_2_a_bound_token_sees_its_organisation_alone(new_tenant, as_role):
    mine, other = new_tenant(), new_tenant()
    editor = as_role(EDITOR, mine.name)
    assert editor.call(IDENTITY + "ListKeys", {"organization": mine.name}).keys
    for call in (lambda: editor.call(IDENTITY + "ListKeys", {"organization": other.name}),
                 lambda: editor.put("Team", other.name, "spies", {}),
                 lambda: editor.put("Organization", "", unique("org"), {})):
        with pytest.raises(grpc.RpcError) as refused:
            call()
        assert refused.value.code() in (grpc.StatusCode.PERMISSION_DENIED,
                                        grpc.StatusCode.NOT_FOUND)
    seen = editor.call(IDENTITY + "ListOrganizations").organizations
    assert [each.name for each in seen] == [mine.name]


def test_C_2_nobody_makes_a_token_above_their_own(new_tenant, as_role):
    bound = as_role(ADMIN, new_tenant().name)
    with pytest.raises(grpc.RpcError) as refused:
        bound.call(IDENTITY + "CreateAdminToken", {"name": "wider", "role": "ROLE_ADMIN"})
    assert refused.value.code() in (grpc.StatusCode.PERMISSION_DENIED,
                                    grpc.StatusCode.INVALID_ARGUMENT)


def test_C_2_a_revoked_admin_token_is_refused_at_once(gateway, as_role):
    viewer = as_role(VIEWER)
    assert code_of(viewer, IDENTITY + "ListOrganizations") == OK
    gateway.admin.call(IDENTITY + "RevokeAdminToken", {"id": viewer.id})
    assert code_of(viewer, IDENTITY + "ListOrganizations") == grpc.StatusCode.UNAUTHENTICATED


def test_the_traffic_services_are_not_on_the_admin_port(gateway):
    """Spending and editing are apart: no hot RPC is answered here."""
    for path in ("weir.quota.v1.QuotaService/Reserve", "weir.quota.v1.QuotaService/Settle",
                 "weir.identity.v1.IdentityService/Authenticate",
                 "weir.routing.v1.RoutingService/Plan",
                 "weir.guardrails.v1.GuardrailsService/Inspect",
                 "weir.cache.v1.CacheService/Lookup"):
        assert code_of(gateway.admin, path) == grpc.StatusCode.UNIMPLEMENTED, path


def test_bad_fields_are_all_named(tenant):
    with pytest.raises(grpc.RpcError) as refused:
        tenant.put("Limit", "Bad Name", level="LEVEL_KEY", unit="UNIT_REQUESTS", count=-1)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    details = dict(refused.value.trailing_metadata()).get("grpc-status-details-bin", b"")
    assert b"name" in details and b"count" in details
