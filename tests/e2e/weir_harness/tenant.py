"""An organisation of a test's own, with a provider, models and a key: nothing of it is shared."""

import secrets
import time

from .settings import patience
from .upstream import chat_body
from .waiting import eventually
from .wire import CHAT, EMBEDDINGS, RESPONSES

IDENTITY = "weir.identity.v1.IdentityAdminService/"
QUOTA = "weir.quota.v1.QuotaAdminService/"
MODEL = "gpt-4o-mini"
VENDOR_KEY = "sk-vendor-credential-0001"
TOKENS, REQUESTS = "UNIT_TOTAL_TOKENS", "UNIT_REQUESTS"
# A policy is in force at every edge after it: services follow each other by a doorbell, and once a second.
POLICY_WAIT = 0.3


def unique(prefix):
    return f"{prefix}-{secrets.token_hex(5)}"


class Spent:
    """A row of the ledger's sums."""

    def __init__(self, row):
        usage = row.usage
        self.group = dict(row.group)
        self.requests, self.attempts = row.requests, row.attempts
        self.estimated = row.estimated_attempts
        self.total = row.total_tokens
        self.output = (usage.output_visible_tokens + usage.reasoning_tokens +
                       usage.audio_output_tokens)
        self.input = self.total - self.output
        self.parts = usage

    def __repr__(self):
        return f"<{self.group} {vars(self)}>"


class Tenant:
    """Creates its objects through the admin port; every name in it is unique to the organisation."""

    def __init__(self, gateway, upstream, models=(MODEL,), provider=None, model=None):
        self.gateway, self.upstream = gateway, upstream
        self.name = unique("org")
        self.put("Organization", self.name)
        self.put_provider("vendor", **(provider or {}))
        for each in models:
            self.put_model(each, **(model or {}))
        self.secret = self.key("app")
        self.wait_for(*models)

    # Objects.
    def put(self, kind, name, **spec):
        return self.gateway.admin.put(kind, self.name, name, spec)

    def put_provider(self, name, **spec):
        self.put("Provider", name, **{"base_url": self.upstream.url,
                                      "auth_value": f"Bearer {VENDOR_KEY}", **spec})

    def put_model(self, name, provider="vendor", **spec):
        self.put("Model", name, **{"targets": [{"provider": provider}], **spec})

    def key(self, name=None, **fields):
        """A new key's secret."""
        answer = self.gateway.admin.call(IDENTITY + "CreateKey", {
            "organization": self.name, "name": name or unique("key"), **fields})
        return answer.secret

    def revoke(self, name):
        return self.gateway.admin.call(IDENTITY + "RevokeKey",
                                       {"organization": self.name, "key": name})

    def limit(self, name, count, unit=TOKENS, level="LEVEL_KEY", subject="app", period="86400s",
              anchor="ANCHOR_FIRST_HOLD", **more):
        """A limit with a fixed window."""
        self.put("Limit", name, level=level, subject=subject, unit=unit, count=count,
                 fixed_window={"period": period, "anchor": anchor}, **more)

    def proxy(self, name, **spec):
        """A proxy under a context that nobody else has; returns the context once it is served."""
        context = "/" + unique(name)
        self.put("Proxy", name, context=context, **spec)
        eventually(lambda: self.get(context + "/models").status != 404, what=f"the proxy {name}")
        return context

    def wait_for(self, *models):
        """Until every edge serves these models at the root."""
        for edge in getattr(self.gateway, "edges", [self.gateway.http]):
            def served(http=edge):
                reply = http.get("/v1/models", self.auth())
                return reply.status == 200 and set(models) <= {m["id"]
                                                               for m in reply.json()["data"]}
            eventually(served, what=f"models {models}")

    def wait_for_refusal(self, key, code):
        """Until every event loop refuses `key` with this code: a suite hears of it a moment later."""
        def refused():
            replies = [self.chat(key=key) for _ in range(8)]
            return all(each.status == 401 and each.error["code"] == code for each in replies)
        eventually(refused, what=f"the refusal {code}")

    # Traffic.
    def auth(self, key=None):
        return {"Authorization": f"Bearer {key or self.secret}"}

    def get(self, path, key=None, headers=None):
        return self.gateway.http.get(path, {**self.auth(key), **(headers or {})})

    def post(self, path, document, key=None, headers=None):
        return self.gateway.http.post(path, document, {**self.auth(key), **(headers or {})})

    def chat(self, text="hi", *, key=None, path=CHAT, headers=None, **body):
        return self.post(path, chat_body(text, **body), key, headers)

    def embed(self, text="one two", *, key=None, path=EMBEDDINGS, **body):
        return self.post(path, {"model": MODEL, "input": text, **body}, key)

    def respond(self, text="hi", *, key=None, path=RESPONSES, headers=None, **body):
        return self.post(path, {"model": MODEL, "input": text, **body}, key, headers)

    def stream_response(self, text="hi", *, key=None, path=RESPONSES, **body):
        document = {"model": MODEL, "input": text, "stream": True, **body}
        return self.gateway.http.stream(path, document, self.auth(key))

    def stream(self, text="hi", *, key=None, path=CHAT, headers=None, **body):
        return self.gateway.http.stream(path, chat_body(text, stream=True, **body),
                                        {**self.auth(key), **(headers or {})})

    # The ledger.
    def usage(self, *group_by, **where):
        """The ledger's sums, one for each group."""
        answer = self.gateway.admin.call(QUOTA + "QueryUsage", {
            "organization": self.name, "group_by": list(group_by), "filter": where})
        return [Spent(row) for row in answer.rows if row.attempts]

    def settled(self, attempts, within=3.0, **where):
        """The ledger's sum once it has so many attempts; more are a fault."""
        def row():
            rows = self.usage(**where)
            return rows[0] if rows and rows[0].attempts >= attempts else None
        found = eventually(row, within, what=f"{attempts} attempts in the ledger")
        assert found.attempts == attempts, found
        return found

    def unbilled(self, seconds=0.15):
        """That nothing comes into the ledger."""
        time.sleep(seconds)
        return self.usage() == []

    def limit_state(self, name, key_name="app"):
        """Where a limit stands for a caller."""
        answer = self.gateway.admin.call(QUOTA + "GetLimitStates", {"subjects": {
            "organization": self.name, "key_name": key_name, "provider": "vendor",
            "model": MODEL}})
        return next(state for state in answer.states if state.limit_name == name)

    # What may leave, what was answered.
    def guard(self, name, level="LEVEL_ORGANIZATION", subject="", **spec):
        """A policy of the guardrails, once every edge asks for it."""
        attachments = [{"level": level, "subject": subject}] if level else []
        self.put("GuardrailPolicy", name, attachments=attachments, **spec)
        time.sleep(patience(POLICY_WAIT))

    def cache(self, name, level="LEVEL_ORGANIZATION", subject="", **spec):
        """A policy of the cache, once every edge asks for it."""
        self.put("CachePolicy", name, attachments=[{"level": level, "subject": subject}], **spec)
        time.sleep(patience(POLICY_WAIT))
