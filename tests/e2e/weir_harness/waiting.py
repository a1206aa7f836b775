"""Waiting for what must come true, and many callers at once."""

import threading
import time

from .settings import patience


def eventually(condition, within=2.0, what="it"):
    """The first true value of `condition()`; fails when `within` seconds bring none."""
    start = time.monotonic()
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() - start < patience(within), f"{what} did not come true in {within} s"
        time.sleep(0.005)


def at_once(count, call):
    """What `call(0)` to `call(count - 1)` return, all started together on a thread each."""
    barrier = threading.Barrier(count)
    results, failures = [None] * count, []

    def run(index):
        try:
            barrier.wait()
            results[index] = call(index)
        except Exception as failure:  # pylint: disable=broad-except
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results
