#!/usr/bin/env bash
# Makes the Python environment of the tests, .cache/venv, with exactly what tests/requirements.txt pins, and prints its interpreter:
#
#   python="$(deploy/scripts/python_env.sh)"
#
# Made once; again when the requirements change.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
requirements="$root/tests/requirements.txt"
venv="$root/.cache/venv"
stamp="$venv/requirements.sha256"

# Debian's, which python3-venv belongs to, before another that stands first on the path.
base=/usr/bin/python3
[[ -x "$base" ]] || base="$(command -v python3)"

want="$("$base" --version) $root $(sha256sum <"$requirements")"
mkdir -p "$root/.cache"
exec 9>"$root/.cache/venv.lock"
flock 9  # Two at once would install into one another's folder.
if [[ ! -f "$stamp" || "$(<"$stamp")" != "$want" ]]; then
  rm -rf "$venv"
  "$base" -m venv "$venv" >&2
  PIP_DISABLE_PIP_VERSION_CHECK=1 "$venv/bin/python" -m pip install --quiet --retries 5 \
    --requirement "$requirements" >&2
  echo "$want" >"$stamp"
fi
echo "$venv/bin/python"
