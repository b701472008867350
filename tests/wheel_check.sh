#!/bin/sh
# Build the wheel from a copy of the source, install it with what it needs alone into an empty environment, and run a study there.
#   sh tests/wheel_check.sh [PYTHON]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
unset PYTHONPATH || true
export PYTHONNOUSERSITE=1
said() { echo "$(date +%T)  $*"; }

said "building"
"${1:-python3}" -m venv "$place/venv"
mkdir "$place/source"
cp -r "$root/src" "$root/pyproject.toml" "$root/README.md" "$root/LICENSE" "$place/source"
rm -rf "$place"/source/src/*.egg-info
rm -f "$root"/dist/obverse-*.whl
"$place/venv/bin/pip" wheel --disable-pip-version-check -q --no-deps -w "$root/dist" "$place/source"
ls -l "$root"/dist/obverse-*.whl

said "installing"
"$place/venv/bin/pip" install --disable-pip-version-check -q -c "$root/constraints.txt" "$root"/dist/obverse-*.whl
"$place/venv/bin/pip" check

said "running"
cd "$place"
venv/bin/obverse --version
venv/bin/obverse run reversal
test -s out/reversal/report.html
said "the wheel installs and runs"
