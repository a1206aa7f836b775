"""make_secrets.sh and make_certificates.sh: all that a suite needs, each for its service, and nothing made twice."""

import re
import subprocess
import time
import zlib

import pytest

from suite_harness.compose import ROOT

SCRIPTS = ROOT / "deploy/scripts"
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CERTIFIED = ["edge", "admin", "identity", "quota", "routing", "guardrails", "cache", "mock"]


def make(folder, check=True):
    done = subprocess.run(["bash", SCRIPTS / "make_secrets.sh", folder], capture_output=True, text=True,
                          timeout=60, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def openssl(*words):
    return subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, timeout=30,
                          check=False)


@pytest.fixture(name="made")
def _made(tmp_path):
    folder = tmp_path / "secrets"
    make(folder)
    return folder


def test_each_certificate_is_for_its_service_alone(made):
    for service in CERTIFIED:
        certificate = made / service / "certificate.pem"
        for name, good in ((f"{service}.weir", True), ("localhost", True), ("other.weir", False)):
            checked = openssl("verify", "-CAfile", made / "ca/ca.pem", "-verify_hostname", name, certificate)
            assert (checked.returncode == 0) == good, f"{service} as {name}"
        callers = openssl("verify", "-CAfile", made / "ca/ca.pem", "-purpose", "sslclient", certificate)
        assert (callers.returncode == 0) == (service != "mock"), service


def test_the_key_of_the_ca_is_with_nobody(made):
    key = (made / "ca/ca.key").read_bytes()
    assert [name for name, text in contents(made).items() if text == key] == ["ca/ca.key"]


def test_all_is_for_its_owner_alone(made):
    assert all(path.stat().st_mode & 0o077 == 0 for path in [made, *made.rglob("*")])


def test_the_admin_token_has_the_form_that_identity_checks(made):
    token = (made / "identity/admin.token").read_text().strip()
    assert re.fullmatch(r"wa_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}", token)
    check, number = "", zlib.crc32(token[:-6].encode())
    for _ in range(6):
        number, digit = divmod(number, 62)
        check = BASE62[digit] + check
    assert token.endswith(check)
    assert (made / "operator/admin.token").read_text().strip() == token


def test_who_needs_no_secret_has_none(made):
    names = {service: {path.name for path in (made / service).iterdir()} for service in CERTIFIED}
    tls = {"certificate.pem", "key.pem", "ca.pem"}
    assert names["admin"] == names["mock"] == tls
    assert names["edge"] == tls | {"master.key"}
    assert names["identity"] - tls == {"master.key", "pepper", "admin.token", "database.password"}
    assert (made / "edge/master.key").read_text() != (made / "routing/master.key").read_text()
    services = ["quota", "routing", "guardrails", "cache"]
    assert "pepper" not in set().union(*(names[each] for each in services))
    assert {each for each in services if "redis.password" in names[each]} == {"quota", "routing", "cache"}
    assert names["guardrails"] - tls == {"hash.key", "database.password"}


def test_what_is_kept_of_answers_is_sealed_by_the_one_master_key(made):
    keys = {(made / service / "master.key").read_text() for service in ("identity", "quota", "routing", "cache")}
    assert len(keys) == 1


def test_redis_knows_the_hashes_of_its_passwords_alone(made):
    users = (made / "redis/users.acl").read_text()
    passwords = {(made / service / "redis.password").read_text().strip() for service in ("quota", "routing", "cache")}
    assert len(passwords) == 2 and not [each for each in passwords if each in users]
    assert users.splitlines()[0] == "user default off resetpass resetkeys resetchannels -@all"


@pytest.fixture(name="redis")
def _redis(made):
    """Runs `redis-cli ARGUMENT...` towards a server that has the suite's users; returns what it says."""
    socket = made / "redis.sock"
    server = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", "",
                               "--dir", str(made), "--aclfile", str(made / "redis/users.acl")], stdout=subprocess.DEVNULL)
    def cli(*words):
        return subprocess.run(["redis-cli", "-s", str(socket), "--no-auth-warning", *words], capture_output=True, text=True,
                              timeout=30, check=False).stdout.strip()
    try:
        end = time.monotonic() + 10
        while cli("--user", "health", "--pass", "none", "ping") != "PONG":
            assert server.poll() is None and time.monotonic() < end, "redis-server does not start"
            time.sleep(0.05)
        yield cli
    finally:
        server.kill()
        server.wait()


@pytest.mark.parametrize("user, service, own, others", [
    ("weir", "quota", ["w1:q:orgs", "w1:r:out"], ["w1:sc:0:log", "x"]),
    ("cache", "cache", ["w1:sc:0:log", "w1:sc:0:b:1"], ["w1:q:orgs", "w1:r:out", "x"])])
def test_who_has_a_password_of_redis_sees_keys_of_its_own_alone(made, redis, user, service, own, others):
    as_user = ["--user", user, "--pass", (made / service / "redis.password").read_text().strip()]
    for key in own:
        assert redis(*as_user, "set", key, "1") == "OK"
        assert redis(*as_user, "publish", key, "1") == "0"
    for key in others:
        assert redis(*as_user, "get", key).startswith("NOPERM")
        assert redis(*as_user, "eval", "return redis.call('get', KEYS[1])", "1", key).startswith("NOPERM")
        assert redis(*as_user, "publish", key, "1").startswith("NOPERM")
    for words in (["flushall"], ["keys", "*"], ["config", "get", "*"], ["acl", "list"]):
        assert redis(*as_user, *words).startswith("NOPERM")


def test_another_run_changes_nothing(made):
    before = contents(made)
    make(made)
    assert contents(made) == before


@pytest.mark.parametrize("name", ["identity/pepper", "identity/master.key", "postgres/database.password"])
def test_what_was_there_once_is_not_made_again_in_silence(made, name):
    (made / name).unlink()
    refused = make(made, check=False)
    assert refused.returncode == 1 and f"{name} was made once and is gone" in refused.stderr


def test_a_certificate_that_ends_soon_is_renewed_and_the_others_stay(made):
    before = contents(made)
    soon = made / "quota/certificate.pem"
    request = made / "request.pem"
    openssl("req", "-new", "-key", made / "quota/key.pem", "-subj", "/CN=quota.weir", "-out", request)
    signed = openssl("x509", "-req", "-in", request, "-CA", made / "ca/ca.pem", "-CAkey", made / "ca/ca.key",
                     "-set_serial", "1", "-days", "100", "-out", soon)
    request.unlink()
    assert signed.returncode == 0, signed.stderr
    make(made)
    changed = {name for name, text in contents(made).items() if before[name] != text}
    assert changed == {"quota/certificate.pem", "quota/key.pem"}
    assert openssl("verify", "-CAfile", made / "ca/ca.pem", soon).returncode == 0


def test_a_start_that_was_cut_short_goes_on(made):
    (made / "edge/key.pem").unlink()
    (made / "quota/redis.password.new").write_text("half of a secr")
    make(made)
    pair = [openssl("x509", "-in", made / "edge/certificate.pem", "-noout", "-pubkey").stdout,
            openssl("pkey", "-in", made / "edge/key.pem", "-pubout").stdout]
    assert pair[0] == pair[1] != ""
