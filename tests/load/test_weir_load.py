"""The parts of the measurement that can be wrong without anybody seeing it."""

import http.server
import json
import os
import shutil
import signal
import sys
import threading

import pytest

from weir_load import instructions, measure, report, rungs, samples, settings, traffic, weir, wrk
from weir_load.process import Process


def test_requests_have_the_size_that_the_tables_speak_of():
    body = traffic.request_body(stream=False)
    assert 240 <= len(body) <= 270
    assert "stream" not in json.loads(body)
    assert json.loads(traffic.request_body(stream=True))["stream"] is True


def test_a_question_that_comes_once_has_the_size_of_the_others():
    body = traffic.request_body(stream=False, varied=True)
    assert body.count(traffic.SUBJECT) == 1 and 240 <= len(body) <= 290


@pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed")
@pytest.mark.parametrize("rung, once", [("L2", False), ("L4", True)])
def test_no_question_of_the_cache_comes_twice(tmp_path, rung, once):
    files = traffic.Traffic(tmp_path)
    seen, length = [], set()

    class Upstream(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):  # pylint: disable=invalid-name
            seen.append(self.rfile.read(int(self.headers["Content-Length"])))
            length.add(len(seen[-1]))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):  # pylint: disable=arguments-differ
            pass

    with http.server.ThreadingHTTPServer((settings.LOOPBACK, 0), Upstream) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = wrk.run_wrk(server.server_port, connections=2, seconds=1,
                           body_file=files.body_file(False, rungs.RUNGS[rung]),
                           picks_file=files.picks_file("all", files.keys))
        server.shutdown()
    assert done["failed"] == 0 and len(seen) > 20 and len(length) == 1
    questions = [json.loads(each)["messages"][-1]["content"] for each in seen]
    assert not [each for each in questions if "#" in each]
    assert (len(set(seen)) == len(seen)) == once


def test_keys_are_distinct_long_enough_and_the_same_in_each_run():
    keys = traffic.make_keys()
    assert len(set(keys)) == settings.KEYS
    assert min(map(len, keys)) >= 20
    assert keys == traffic.make_keys()


def test_popularity_is_zipfs():
    ranks = traffic.pick_ranks(keys=1000, count=200_000)
    first, tenth = ranks.count(0), ranks.count(9)
    assert 8 < first / tenth < 12
    assert set(ranks) <= set(range(1000))


def test_a_picks_file_names_the_keys_of_its_owner(tmp_path):
    owned = [f"own-{number}" for number in range(settings.KEYS)]
    lines = traffic.Traffic(tmp_path).picks_file("owner", owned).read_text().splitlines()
    assert len(lines) == settings.PICKS
    assert set(lines) <= set(owned)


@pytest.mark.parametrize(("rung", "kinds"), [
    ("L0", {"Provider": 1, "Model": 1}),
    ("L1", {"Provider": 1, "Model": 1, "Key": 3}),
    ("L2", {"Provider": 1, "Model": 1, "Key": 3, "Limit": 5}),
    ("L3", {"Provider": 1, "Model": 1, "Key": 3, "Limit": 5, "GuardrailPolicy": 1}),
    ("L4", {"Provider": 1, "Model": 1, "Key": 3, "Limit": 5, "GuardrailPolicy": 1,
            "CachePolicy": 1}),
])
def test_a_rung_has_the_documents_that_it_promises(rung, kinds):
    files = weir.documents(rungs.RUNGS[rung], 1, ["a" * 20, "b" * 20, "c" * 20])
    found = [document["kind"] for each in files.values() for document in each]
    assert {kind: found.count(kind) for kind in found} == kinds


def test_auth_is_open_on_the_lowest_rung_only(tmp_path):
    modes = {name: weir.configuration(rung, tmp_path, 1, 2, 3)["auth"]["mode"]
             for name, rung in rungs.RUNGS.items()}
    assert modes == {"L0": "open", "L1": "required", "L2": "required",
                     "L3": "required", "L4": "required", "L2-log": "required"}


def _sample(p50, rate, failed=0):
    return {"p50_us": p50, "p99_us": 2 * p50, "requests_per_second": rate, "requests": rate,
            "failed": failed, "cpu_us_per_request": 10.0, "user_share": 0.5, "others_on_core": 0.0}


def test_differences_and_ratios_are_taken_within_a_round():
    # The machine is slower in the last round; medians of each alone would say +100 and 0.5.
    nginx = [_sample(100, 1000), _sample(100, 1000), _sample(200, 500)]
    own = [_sample(110, 800), _sample(200, 500), _sample(215, 400)]
    assert measure.added_p50(own, nginx) == 15
    assert measure.summarise(own, nginx)["requests_per_second_of_nginx"] == 0.8


def test_one_failed_request_voids_a_run():
    line = measure.summarise([_sample(1, 10), _sample(1, 10, failed=1), _sample(1, 10)], None)
    assert line["failed"] == 1
    table = report.table({"runs": [{"rung": "L0", "topology": "standalone", "connections": 64,
                                    **line}], "added_p50": [], "memory": []})
    assert "1 runs are VOID" in table


def test_the_published_table_has_the_connections_side_by_side():
    def line(connections, cpu):
        return {"rung": "L0", "topology": "standalone", "connections": connections,
                **measure.summarise([{**_sample(100, 1000), "cpu_us_per_request": cpu}], None)}
    memory = {"rss": 2048, "pss": 1024}
    text = report.markdown({
        "runs": [line(8, 22.0), line(64, 21.0), line(1, 60.0)],
        "added_p50": [{"rung": "L0", "nginx": 70, "over_nginx": {"standalone": 9.4}}],
        "memory": [{"rung": "L0", "topology": "standalone", "loaded": memory,
                    "idle": {**memory, "wake_ups_per_second": 16.2}}]})
    assert "| L0 | standalone | 60.0 / 22.0 / 21.0 | 1,000 | - | 100 / 200 | +9 | 0% |" in text
    assert "| L0 | standalone | 2.0 / 1.0 | 16 | 2.0 / 1.0 |" in text


def test_cpu_time_is_that_of_the_whole_tree(tmp_path):
    burn = "import time\nwhile time.process_time() < 0.2: pass\n"
    code = (f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {burn!r} "
            "'import time; time.sleep(30)']); print('up', flush=True); time.sleep(30)")
    with Process("tree", [sys.executable, "-c", code], core=0, folder=tmp_path) as process:
        process.wait_for(lambda: len(process.tree()) == 2 and process.cpu_ns() > 200_000_000, 20)
        assert process.cpu_ns() < 5_000_000_000
        assert process.memory_kib()["rss"] >= process.memory_kib()["pss"] > 0
        os.kill(process.tree()[1], signal.SIGKILL)


def test_a_process_that_ends_says_why(tmp_path):
    with Process("broken", [sys.executable, "-c", "raise SystemExit('no such rung')"], core=0,
                 folder=tmp_path) as process:
        with pytest.raises(RuntimeError, match="no such rung"):
            process.wait_for(lambda: False, 20)


STACKS = """edge-0
\tffffffff81a0 tcp_sendmsg ([kernel.kallsyms])
\tffffffff81b0 __sys_sendmsg ([kernel.kallsyms])
\tffffffff81c0 do_syscall_64 ([kernel.kallsyms])
\t    7f00aa00 __sendmsg (/usr/lib/x86_64-linux-gnu/libc.so.6)
\t    55550000 weir::edge::Relay::Whole (/opt/weir)

quota-ledger
\t    55550010 weir::quota::Ledger::Append(int) (/opt/weir)
\t    55550020 weir::quota::Ledger::Append(int) (/opt/weir)
\t    55550030 [unknown] (/opt/weir)

"""


def test_stacks_are_summed_by_thread_call_and_caller():
    taken = list(samples.parse(STACKS))
    assert samples.by_thread(taken) == {"edge-0": 1, "quota-ledger": 1}
    assert samples.by_system_call(taken) == {"edge-0 sendmsg": 1}
    assert samples.by_library(taken) == {"[kernel.kallsyms]": 1, "weir": 1}
    assert samples.by_caller(taken) == {"weir::edge::Relay::Whole (weir)": 1,
                                        "weir::quota::Ledger::Append(int) (weir)": 1}


# Positions are absolute, relative or repeated; names are written out once; a call's cost is its caller's.
INSTRUCTIONS = """version: 1
events: Ir
ob=(1) /opt/weir
fl=(1) ???
fn=(1) Serve
0x10 0 700
+3 0 20
cob=(2) libc.so.6
cfi=(1)
cfn=(2) malloc
calls=4 0x90
+1 0 120
* 0 5
cfn=(1)
calls=1 0x10
* 0 50

ob=(2)
fn=(2)
0x90 0 120
totals: 845
"""


def test_instructions_are_summed_by_function_and_calls_by_caller():
    profile = instructions.Profile(INSTRUCTIONS)
    assert profile.own == {"Serve": 725, "malloc": 120}
    assert profile.whole() == {"Serve": 845, "malloc": 120}
    assert profile.calls["malloc"] == {"Serve": 4}
    assert profile.total() == 845
