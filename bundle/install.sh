#!/bin/sh
# Installs si_eval from this folder alone, without internet: ./install.sh [FOLDER], by default ./si_eval
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${1:-si_eval}
python=${PYTHON:-python3.11}
(cd "$here" && sha256sum --check --quiet SHA256SUMS) || { echo "a file is damaged or missing: copy the bundle again" >&2; exit 1; }
"$python" -m venv "$target"
"$target/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --find-links "$here/wheels" --require-hashes \
    --requirement "$here/requirements.lock"
"$target/bin/si-eval" --version
echo "installed: $target/bin/si-eval"
