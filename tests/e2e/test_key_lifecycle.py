"""Keys come and go at once: created, revoked, expired."""

import time

from weir_harness import settings
from weir_harness.settings import patience
from weir_harness.tenant import IDENTITY, unique
from weir_harness.waiting import eventually
from weir_harness.wire import check_error


def test_a_created_key_works_at_once(tenant):
    for _ in range(10):
        assert tenant.chat(key=tenant.key()).status == 200


def test_a_key_refused_before_it_existed_works_at_once_when_it_does(tenant):
    value = unique("a-value-that-the-operator-brings")
    for _ in range(8):  # On every loop.
        assert tenant.chat(key=value).status == 401
    tenant.put("Key", "brought", value=value)
    eventually(lambda: all(tenant.chat(key=value).status == 200 for _ in range(8)),
               within=1 if settings.is_suite() else 0, what="the key's first call")


def test_a_revoked_key_is_refused_within_100_ms(tenant):
    for _ in range(5):
        name = unique("key")
        key = tenant.key(name)
        for _ in range(4):  # Known to every loop.
            assert tenant.chat(key=key).status == 200
        tenant.revoke(name)
        revoked = time.monotonic()
        refused = 0
        while refused < 8:  # On every loop.
            asked = time.monotonic()
            reply = tenant.chat(key=key)
            if reply.status == 200:
                assert asked - revoked < patience(0.1), "it was accepted too long"
                refused = 0
            else:
                check_error(reply, 401, "api_key_revoked")
                refused += 1


def test_revoking_is_final_and_no_error_twice(tenant):
    tenant.key("gone")
    first, second = tenant.revoke("gone"), tenant.revoke("gone")
    assert first.key.public_id == second.key.public_id
    assert first.key.revoked_at == second.key.revoked_at


def test_the_name_of_a_revoked_key_is_free_again(tenant):
    old = tenant.key("worker")
    tenant.revoke("worker")
    new = tenant.key("worker")
    assert tenant.chat(key=new).status == 200
    tenant.wait_for_refusal(old, "api_key_revoked")


def test_a_key_ends_when_its_time_is_over(tenant):
    made = time.monotonic()
    key = tenant.key(lifetime="1.2s")
    while time.monotonic() - made < 0.9:
        assert tenant.chat(key=key).status == 200 or time.monotonic() - made > 0.9
        time.sleep(0.1)
    time.sleep(max(0, made + 1.2 + patience(0.1) - time.monotonic()))
    for _ in range(4):
        check_error(tenant.chat(key=key), 401, "api_key_expired")


def test_a_key_is_shown_once(tenant):
    key = tenant.key("secret-one")
    listed = tenant.gateway.admin.call(IDENTITY + "ListKeys", {"organization": tenant.name})
    mine = next(each for each in listed.keys if each.name == "secret-one")
    assert key.startswith(mine.prefix) and len(mine.prefix) < 12
    assert key not in str(listed) and mine.public_id in key


def test_keys_are_long_and_random(tenant):
    keys = {tenant.key() for _ in range(20)}
    assert len(keys) == 20
    # 43 characters of 62 each are 256 bits.
    assert all(len(key.rpartition("_")[2]) >= 43 for key in keys)


def test_a_stream_under_way_outlives_its_key(tenant, mock):
    mock.behave(mode="words", words=10, frame_delay_ms=50)
    key = tenant.key("short-lived")
    stream = tenant.stream(key=key)
    stream.read(3)
    tenant.revoke("short-lived")
    assert stream.rest()[-1] == "[DONE]"
    tenant.wait_for_refusal(key, "api_key_revoked")
