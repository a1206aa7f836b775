"""A service that cannot start says why and ends, and what it began with it."""

import pytest
from weir_harness.suite import SERVICES


@pytest.mark.parametrize("part", SERVICES)
def test_a_taken_port_ends_the_start_in_order(new_suite, part):
    suite = new_suite(replicas={part: 2}, start=False)
    suite.start_stores()
    suite.start_parts("identity")
    second = suite.parts[f"{part}-2"]
    if part == "identity":
        second.stop()
    # The admin port is the last that is opened: everything else runs by then.
    second.configure(admin={"address": suite.parts["identity"].config["admin"]["address"]})
    second.launch()
    assert second.process.wait(timeout=20) == 1, second.output()
    assert "in use" in second.output()
    assert "store.unreachable" not in second.output()
    second.process = None  # Its status is told.
