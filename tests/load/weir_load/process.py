"""A process under measurement: pinned to a core, ended with us, asked for CPU time and memory."""

import os
import pathlib
import signal
import subprocess
import time

from . import settings

CPUCLOCK_SCHED = 2
PROC = pathlib.Path("/proc")


class Process:
    """`argv` on one core. Its output goes to `folder`/NAME.out. Use as a context manager."""

    def __init__(self, name, argv, *, core, folder, env=None):
        self.name = name
        self.output_file = folder / f"{name}.out"
        # The kernel ends it when we are gone, whatever ended us.
        pinned = ["setpriv", "--pdeathsig", "TERM", "taskset", "-c", str(core)]
        with open(self.output_file, "wb") as out:
            self._popen = subprocess.Popen(  # pylint: disable=consider-using-with
                [*pinned, *map(os.fspath, argv)], stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}, cwd=folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        return self._popen.pid

    def output(self):
        return self.output_file.read_text(errors="replace")

    def wait_for(self, is_ready, within=settings.READY_SECONDS):
        """Returns when `is_ready()` is true; else ends the process and raises RuntimeError."""
        give_up = time.monotonic() + within
        while True:
            if self._popen.poll() is not None:
                raise RuntimeError(f"{self.name} ended: {self.output()[-3000:]}")
            try:
                if is_ready():
                    return
            except OSError:
                pass
            if time.monotonic() > give_up:
                self.stop()
                raise RuntimeError(f"{self.name} is not ready after {within} s: "
                                   f"{self.output()[-3000:]}")
            time.sleep(0.05)

    def stop(self):
        if self._popen.poll() is not None:
            return
        self._popen.send_signal(signal.SIGTERM)
        try:
            self._popen.wait(settings.STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()

    def tree(self):
        """Its process id and those of all that it started, and they."""
        children = {}
        for each in PROC.glob("[0-9]*/stat"):
            try:
                fields = each.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(each.parent.name))
        found = [self.pid]
        for pid in found:
            found.extend(children.get(pid, ()))
        return found

    def cpu_ns(self):
        """User and system time so far, of ended threads too, to the nanosecond."""
        return sum(time.clock_gettime_ns(_cpu_clock(pid)) for pid in self.tree())

    def cpu_split(self):
        """(user, system) in seconds; to the clock tick of 10 ms."""
        tick = os.sysconf("SC_CLK_TCK")
        fields = [(PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
                  for pid in self.tree()]
        return (sum(int(each[11]) for each in fields) / tick,
                sum(int(each[12]) for each in fields) / tick)

    def memory_kib(self):
        """{"rss": KiB, "pss": KiB}."""
        sums = {"rss": 0, "pss": 0}
        for pid in self.tree():
            for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
                name, _, value = line.partition(":")
                if name.lower() in sums:
                    sums[name.lower()] += int(value.split()[0])
        return sums

    def voluntary_switches(self):
        """How often its threads went to sleep so far: of those that live."""
        count = 0
        for pid in self.tree():
            for status in (PROC / str(pid) / "task").glob("*/status"):
                for line in status.read_text().splitlines():
                    if line.startswith("voluntary_ctxt_switches:"):
                        count += int(line.split()[1])
        return count


def _cpu_clock(pid):
    # What clock_getcpuclockid(3) returns for another process.
    return (~pid << 3) | CPUCLOCK_SCHED


def busy_seconds(core):
    """How long `core` has been busy so far, with whatever it was."""
    for line in (PROC / "stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, ticks[:8])
            total = user + nice + system + irq + softirq + steal
            return total / os.sysconf("SC_CLK_TCK")
    raise RuntimeError(f"/proc/stat has no core {core}")
