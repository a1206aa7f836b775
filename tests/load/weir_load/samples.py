"""What perf's samples say, in microseconds a request."""

import collections
import re
import subprocess

NAME_LENGTH = 110
SYSTEM_CALL_ENTRIES = ("do_syscall_64", "x64_sys_call")
SYSTEM_CALL_PREFIX = re.compile("^(__x64_sys_|__sys_|ksys_|do_)")


def read_samples(data):
    """(thread, [function, ...]) of each sample, innermost first; functions as "name (library)"."""
    script = subprocess.run(
        ["perf", "script", "-i", str(data), "--no-inline", "-F", "comm,ip,sym,dso"],
        capture_output=True, text=True, timeout=600, check=True).stdout
    return list(parse(script))


def parse(script):
    for block in script.split("\n\n"):
        head, *frames = [line for line in block.splitlines() if line.strip()] or [""]
        if frames:
            yield head.strip(), [_function(line) for line in frames]


def _function(frame):
    _, _, rest = frame.strip().partition(" ")
    name, _, library = rest.rpartition(" (")
    return f"{name or '[unknown]'} ({library.rstrip(')').rpartition('/')[2]})"


def by_thread(samples):
    return collections.Counter(thread for thread, _ in samples)


def by_library(samples):
    return collections.Counter(stack[0].rpartition(" (")[2].rstrip(")") for _, stack in samples)


def by_function(samples):
    """Without what they call."""
    return collections.Counter(stack[0] for _, stack in samples)


def by_system_call(samples):
    """Time in the kernel, by thread and what it was asked for."""
    sums = collections.Counter()
    for thread, stack in samples:
        names = [each.partition(" ")[0] for each in stack]
        entry = next((i for i, name in enumerate(names) if name in SYSTEM_CALL_ENTRIES), 0)
        if entry:
            sums[f"{thread} {SYSTEM_CALL_PREFIX.sub('', names[entry - 1])}"] += 1
    return sums


def by_caller(samples):
    """Functions of weir with all that they call, as far as frame pointers lead back to them."""
    sums = collections.Counter()
    for _, stack in samples:
        sums.update({each for each in stack if "weir::" in each})
    return sums


def show(sums, us_a_sample, lines):
    return "\n".join(f"{count * us_a_sample:8.2f} us  {name[:NAME_LENGTH]}"
                     for name, count in sums.most_common(lines))
