"""What is asked: one request of some 250 bytes, and who asks: keys with Zipf's popularity."""

import itertools
import json
import random

from . import settings

KEY_BYTES = 12
# chat.lua puts words in its place, others with each request.
SUBJECT = f"#{'':81}#"


def request_body(stream, varied=False):
    """`varied`: a question that chat.lua makes another one each time."""
    question = f"Tell me a story of {SUBJECT}" if varied else (
        "My parcel has not arrived for nine days. What can I do now, and whom may I call?")
    request = {
        "model": settings.MODEL,
        "messages": [
            {"role": "system", "content": "You are the assistant of a support desk. Be brief."},
            {"role": "user", "content": question}],
        "temperature": 0.2,
    }
    if stream:
        request["stream"] = True
    return json.dumps(request)


def make_keys(count=settings.KEYS, seed=settings.SEED):
    """Values of 35 characters, the most popular first; the same in each run."""
    source = random.Random(seed)
    return [f"load-{number:05}-{source.randbytes(KEY_BYTES).hex()}" for number in range(count)]


def pick_ranks(keys=settings.KEYS, count=settings.PICKS, seed=settings.SEED):
    """Who calls, in order: numbers of keys; the k-th comes 1 / k^s as often as the first."""
    weights = (1 / rank**settings.ZIPF_EXPONENT for rank in range(1, keys + 1))
    return random.Random(seed).choices(range(keys), cum_weights=list(itertools.accumulate(weights)),
                                       k=count)


class Traffic:
    """The files that the load generator reads."""

    def __init__(self, folder):
        self.keys = make_keys()
        self._folder = folder
        self._ranks = pick_ranks()
        self._bodies = {}
        for stream, varied in itertools.product((False, True), repeat=2):
            name = f"request{'-stream' if stream else ''}{'-varied' if varied else ''}.json"
            self._bodies[stream, varied] = folder / name
            self._bodies[stream, varied].write_text(request_body(stream, varied))

    def body_file(self, stream, rung):
        return self._bodies[stream, rung.cached]

    def picks_file(self, name, keys):
        """A key of `keys` a line, in the order in which they call. `name`: of the file."""
        path = self._folder / f"picks-{name}.txt"
        path.write_text("".join(f"{keys[rank]}\n" for rank in self._ranks))
        return path
