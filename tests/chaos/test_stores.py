"""Replicas that do not share a store are told apart."""

from weir_harness.suite import SERVICES
from weir_harness.waiting import eventually


def test_two_replicas_of_quota_on_two_stores_alarm_and_the_edge_is_not_ready(new_suite):
    suite = new_suite(start=False, replicas={"quota": 2}, with_redis=False)
    suite.start_parts(*SERVICES)
    suite.parts["edge"].launch()

    def differs():
        lines = suite.log("rpc.store.differs")
        return [line for line in lines if line["svc"] == "edge"]
    line = eventually(differs, within=10, what="the alarm")[0]
    assert line["level"] == "error" and line["store"] != line["others"]

    def unready():
        reply = suite.ops.get("/readyz")
        return reply.status == 503 and b"two stores" in reply.body
    eventually(unready, within=5, what="the edge's readiness")
    # With the stranger gone, it serves.
    suite.parts["quota-2"].stop()
    eventually(lambda: suite.ops.get("/readyz").status == 200, within=10, what="readiness")
