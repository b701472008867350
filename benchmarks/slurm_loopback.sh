#!/usr/bin/env bash
# A study as jobs of a real SLURM on this machine's loopback: benchmarks/slurm_loopback.sh DIR [PYTHON]
#
# Needs root, and Debian's slurmctld, slurmd, slurm-client and munge (apt-get install). DIR is new or empty.
# The time limit of two minutes makes SLURM send its signal after half a minute at the latest, so that jobs are
# queued again in mid-run; the tables have to be those of the same study in processes here. About five minutes.
set -euo pipefail
mkdir -p "$1"
dir=$(cd "$1" && pwd)
python=${2:-.venv/bin/python}
python=$(cd "$(dirname "$python")" && pwd)/$(basename "$python")
experiment=$(cd "$(dirname "$0")/.." && pwd)/tests/outside/counting.py:Capitals
export SLURM_CONF=$dir/cluster/slurm.conf OMP_NUM_THREADS=1
cluster=$(dirname "$0")/slurm_cluster.sh
trap 'bash "$cluster" stop "$dir/cluster"' EXIT
bash "$cluster" start "$dir/cluster"

obverse() { "$python" -P -c 'from obverse.cli import main; main()' "$@"; }
obverse run "$experiment" --seeds 3 --device cpu --set model.seconds=2.5 --out "$dir/jobs" \
    --executor slurm --partition main --slurm time=2 --slurm mem=500MB > "$dir/jobs.txt"
grep -l "Requeued job" "$dir"/jobs/slurm/logs/*.out | wc -l | sed 's/$/ jobs were queued again/'
obverse run "$experiment" --seeds 3 --device cpu --set model.seconds=2.5 --out "$dir/here" > "$dir/here.txt"
"$python" - "$dir" <<'C'
import sys
import polars as pl
jobs, here = (pl.read_parquet(f"{sys.argv[1]}/{name}/observations/ask.parquet") for name in ("jobs", "here"))
assert jobs.equals(here), "the numbers differ"
print(f"{len(jobs)} rows, the same as in processes here")
C
