"""The table on stdout, and results.json and results.md in build/load."""

import json

HEAD = (f"{'rung':<10} {'topology':<11} {'c':>3} {'CPU us/req':>10} {'user':>5} {'req/s':>8} "
        f"{'x nginx':>7} {'p50 us':>8} {'p99 us':>8} {'failed':>6} {'others':>6}")


def table(results):
    lines = [HEAD, "-" * len(HEAD)]
    lines += [_run_line(run) for run in results["runs"]]
    lines += ["", "Added p50 at c=1, us; of the same rounds: nginx over direct, then over nginx"]
    lines += [f"{each['rung']:<10} nginx {_signed(each['nginx'])}; " + ", ".join(
        f"{name} nginx {_signed(value)}" for name, value in each["over_nginx"].items())
              for each in results["added_p50"]]
    lines += ["", "Memory, MiB (RSS/PSS), and wake-ups a second"]
    lines += [_memory_line(each) for each in results["memory"]]
    voids = [run for run in results["runs"] if run["failed"]]
    if voids:
        lines += ["", f"{len(voids)} runs are VOID: they have failed requests."]
    return "\n".join(lines)


def _run_line(run):
    return (f"{run['rung']:<10} {run['topology']:<11} {run['connections']:>3} "
            f"{_number(run, 'cpu_us_per_request', 10, 1)} "
            f"{_percent(run.get('user_share')):>5} "
            f"{run['requests_per_second']:>8.0f} "
            f"{_number(run, 'requests_per_second_of_nginx', 7, 2)} "
            f"{run['p50_us']:>8.0f} {run['p99_us']:>8.0f} {run['failed']:>6} "
            f"{_percent(run.get('others_on_core')):>6}")


def _number(run, name, width, digits):
    return f"{run[name]:>{width}.{digits}f}" if name in run else " " * (width - 1) + "-"


def _percent(share):
    return "-" if share is None else f"{share:.0%}"


def _signed(value):
    return f"{value:+.0f}"


def _memory_line(each):
    return (f"{each['rung']:<10} {each['topology']:<11} idle {_mib(each['idle'])} at "
            f"{each['idle']['wake_ups_per_second']:.1f}/s, after the load {_mib(each['loaded'])}")


def markdown(results):
    """What docs/performance.md shows: a line a rung and gateway, the connections side by side."""
    cells = {}
    for run in results["runs"]:
        if "cpu_us_per_request" in run:
            cells.setdefault((run["rung"], run["topology"]), {})[run["connections"]] = run
    lines = ["| rung | gateway | CPU us a request, c=1 / 8 / 64 | requests/s, c=64 | x nginx, c=64 "
             "| p50 / p99 us, c=64 | added p50 over nginx, c=1, us | others on the core |",
             "|---|---|--:|--:|--:|--:|--:|--:|"]
    lines += [_markdown_line(rung, name, runs, results["added_p50"])
              for (rung, name), runs in cells.items()]
    lines += ["", "| rung | gateway | idle RSS / PSS MiB | wake-ups a second | after the load |",
              "|---|---|--:|--:|--:|"]
    lines += [f"| {each['rung']} | {each['topology']} | {_mib(each['idle'])} | "
              f"{each['idle']['wake_ups_per_second']:.0f} | {_mib(each['loaded'])} |"
              for each in results["memory"]]
    return "\n".join(lines) + "\n"


def _markdown_line(rung, name, runs, added):
    cpu = " / ".join(f"{run['cpu_us_per_request']:.1f}" + (" void" if run["failed"] else "")
                     for _, run in sorted(runs.items()))
    most = runs[max(runs)]
    over = next((each["over_nginx"][name] for each in added
                 if each["rung"] == rung and name in each["over_nginx"]), None)
    ratio = most.get("requests_per_second_of_nginx")
    return (f"| {rung} | {name} | {cpu} | {most['requests_per_second']:,.0f} | "
            f"{'-' if ratio is None else f'{ratio:.2f}'} | {most['p50_us']:,.0f} / "
            f"{most['p99_us']:,.0f} | {'-' if over is None else _signed(over)} | "
            f"{_percent(most.get('others_on_core'))} |")


def _mib(memory):
    return f"{memory['rss'] / 1024:.1f} / {memory['pss'] / 1024:.1f}"


def write(results, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.md").write_text(markdown(results))
    path = folder / "results.json"
    path.write_text(json.dumps(results, indent=1) + "\n")
    return path
