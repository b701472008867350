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
host=$(hostname -s)
export SLURM_CONF=$dir/slurm.conf OMP_NUM_THREADS=1

mkdir -p "$dir/state" "$dir/spool" && mkdir -p -m 700 "$dir/munge"
dd if=/dev/urandom of="$dir/munge/key" bs=1024 count=1 status=none && chmod 600 "$dir/munge/key"
cat > "$SLURM_CONF" <<C
ClusterName=loopback
SlurmctldHost=$host(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
SlurmctldPort=16817
SlurmdPort=16818
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
KillWait=5
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
C

stop() {
    scancel --user="$(id -u)" 2>/dev/null || true
    for name in slurmd slurmctld munge/munged; do
        [ -f "$dir/$name.pid" ] && kill "$(cat "$dir/$name.pid")" 2>/dev/null || true
    done
}
trap stop EXIT
/usr/sbin/munged --force --key-file="$dir/munge/key" --socket="$dir/munge/socket" \
    --pid-file="$dir/munge/munged.pid" --log-file="$dir/munge/log" --seed-file="$dir/munge/seed"
/usr/sbin/slurmctld -f "$SLURM_CONF"
/usr/sbin/slurmd -f "$SLURM_CONF"
for _ in $(seq 60); do sinfo --noheader --format=%T | grep -q idle && break; sleep 1; done

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
