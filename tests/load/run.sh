#!/usr/bin/env bash
# What a request costs, rung by rung: see README.md. Arguments are those of `run.sh --help`.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
export PYTHONDONTWRITEBYTECODE=1
exec python3 -m weir_load.ladder "$@"
