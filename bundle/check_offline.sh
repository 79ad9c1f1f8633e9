#!/bin/sh
# Installs a bundle where there is no network but the loopback, and carries out a study there: bundle/check_offline.sh BUNDLE FOLDER
# Linux; `unshare` gives the process a network of its own, in which nothing can be reached.
set -eu
bundle=$(cd "$1" && pwd)
mkdir -p "$2"
cd "$2"
PIP_CONFIG_FILE=/dev/null PYTHONPATH= unshare --map-root-user --net sh -euc '
    ! "${PYTHON:-python3.11}" -c "import socket; socket.create_connection((\"1.1.1.1\", 443), 3)" 2>/dev/null || { echo "there is a network" >&2; exit 1; }
    "$0/install.sh" si_eval
    si_eval/bin/si-eval simulate raw --preset innovation_vouchers --scale 0.003
    si_eval/bin/si-eval new raw --out study.toml --yes
    si_eval/bin/si-eval run study.toml --out results
    test -s results/report/report_en.html
' "$bundle"
echo "installed and run without a network: $2"
