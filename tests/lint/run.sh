#!/usr/bin/env bash
# All lints over the repository, and the tests of the lints. Needs protoc, and a Python with protobuf, pytest and yaml
# (protobuf-compiler, python3-protobuf, python3-pytest, python3-yaml).
set -u
cd "$(dirname "$0")" || exit 2

python=
for candidate in python3 /usr/bin/python3; do
  if "$candidate" -c 'import google.protobuf, pytest, yaml' 2>/dev/null; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "lint: no Python here has protobuf, pytest and yaml (python3-protobuf, python3-pytest, python3-yaml)" >&2
  exit 2
fi

failed=0
for lint in layers files coroutines protos docs compose; do
  if "$python" "check_$lint.py"; then
    echo "lint: check_$lint passed"
  else
    echo "lint: check_$lint FAILED" >&2
    failed=1
  fi
done
"$python" -m pytest -q -p no:cacheprovider test_lints.py || failed=1
exit $failed
