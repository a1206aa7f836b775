"""What perf's samples say, in microseconds a request."""

import collections
import subprocess

NAME_LENGTH = 110


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
        call = next((each for each in stack if each.startswith("__x64_sys_")), None)
        if call:
            sums[f"{thread} {call.removeprefix('__x64_sys_').partition(' ')[0]}"] += 1
    return sums


def by_caller(samples):
    """Functions of weir with all that they call. Libraries without frame pointers break a stack off."""
    sums = collections.Counter()
    for _, stack in samples:
        sums.update({each for each in stack if "weir::" in each})
    return sums


def show(sums, us_a_sample, lines):
    return "\n".join(f"{count * us_a_sample:8.2f} us  {name[:NAME_LENGTH]}"
                     for name, count in sums.most_common(lines))
