"""What is asked: one request of some 250 bytes, and who asks: keys with Zipf's popularity."""

import itertools
import json
import random

from . import settings

KEY_BYTES = 12


def request_body(stream):
    request = {
        "model": settings.MODEL,
        "messages": [
            {"role": "system", "content": "You are the assistant of a support desk. Be brief."},
            {"role": "user", "content": "My parcel has not arrived for nine days. What can I do "
                                        "now, and whom may I call?"}],
        "temperature": 0.2,
    }
    if stream:
        request["stream"] = True
    return json.dumps(request)


def make_keys(count=settings.KEYS, seed=settings.SEED):
    """Values of 35 characters, the most popular first; the same in each run."""
    source = random.Random(seed)
    return [f"load-{number:05}-{source.randbytes(KEY_BYTES).hex()}" for number in range(count)]


def pick_keys(keys, count=settings.PICKS, seed=settings.SEED):
    """`count` of `keys` in the order in which they call: the k-th comes 1 / k^s as often as the first."""
    weights = (1 / rank**settings.ZIPF_EXPONENT for rank in range(1, len(keys) + 1))
    return random.Random(seed).choices(keys, cum_weights=list(itertools.accumulate(weights)),
                                       k=count)


class Traffic:
    """The files that the load generator reads."""

    def __init__(self, folder):
        self.keys = make_keys()
        self._picks = folder / "picks.txt"
        self._picks.write_text("\n".join(pick_keys(self.keys)) + "\n")
        self._bodies = {}
        for stream in (False, True):
            self._bodies[stream] = folder / f"request{'-stream' if stream else ''}.json"
            self._bodies[stream].write_text(request_body(stream))

    def body_file(self, stream):
        return self._bodies[stream]

    @property
    def picks_file(self):
        return self._picks
