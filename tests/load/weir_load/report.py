"""The table on stdout, and build/load/results.json."""

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
    def mib(state):
        return f"{each[state]['rss'] / 1024:.1f}/{each[state]['pss'] / 1024:.1f}"
    return (f"{each['rung']:<10} {each['topology']:<11} idle {mib('idle')} at "
            f"{each['idle']['wake_ups_per_second']:.1f}/s, after the load {mib('loaded')}")


def write(results, folder):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "results.json"
    path.write_text(json.dumps(results, indent=1) + "\n")
    return path
