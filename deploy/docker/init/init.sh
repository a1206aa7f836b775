#!/usr/bin/env bash
# The one-shot container `init` of compose.yaml: makes all secrets and certificates, each service's into a volume of its own, before
# anything else starts. At later starts it renews certificates that end soon, and changes nothing else.
set -euo pipefail

bash /weir/scripts/make_secrets.sh /secrets --container
bash /weir/scripts/make_demo.sh /secrets/demo https://mock:8443/v1
chown -R 10001:10001 /secrets/demo
echo "init: ready"
