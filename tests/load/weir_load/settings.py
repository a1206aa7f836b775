"""What every run has in common. Change it and figures can no longer be compared with older ones."""

import pathlib

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
LOOPBACK = "127.0.0.1"

LOAD_CORE = 0     # The load generator and the upstream.
GATEWAY_CORE = 1  # The gateway and all that it starts.

MODEL = "gpt-4o-mini"
PATH = "/v1/chat/completions"
KEYS = 10_000
ZIPF_EXPONENT = 1.0
PICKS = 65_536    # Requests until the same order of keys begins anew.
SEED = 20_251_121

# role + 65 texts + finish_reason + [DONE] = 68 events.
STREAM_FRAMES = 65
STREAM_EVENTS = 68

# Limits that are counted and never reached.
NEVER = 1_000_000_000_000

WARM_UP_SECONDS = 2
WARM_UP_CONNECTIONS = 64
REQUEST_TIMEOUT_SECONDS = 10
READY_SECONDS = 300    # 10,000 keys are stored one by one.
STOP_SECONDS = 15
