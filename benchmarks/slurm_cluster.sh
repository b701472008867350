#!/usr/bin/env bash
# A real SLURM on this machine's loopback, of one node: benchmarks/slurm_cluster.sh start|stop DIR
#
# Needs root, and Debian's slurmctld, slurmd, slurm-client and munge (apt-get install). DIR is new or empty;
# $DIR/slurm.conf is what SLURM_CONF has to name for sbatch and the others.
set -euo pipefail
mkdir -p "$2"
dir=$(cd "$2" && pwd)
host=$(hostname -s)
export SLURM_CONF=$dir/slurm.conf

if [ "$1" = stop ]; then
    scancel --user="$(id -u)" 2>/dev/null || true
    for name in slurmd slurmctld munge/munged; do
        [ -f "$dir/$name.pid" ] && kill "$(cat "$dir/$name.pid")" 2>/dev/null || true
    done
    exit 0
fi

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

/usr/sbin/munged --force --key-file="$dir/munge/key" --socket="$dir/munge/socket" \
    --pid-file="$dir/munge/munged.pid" --log-file="$dir/munge/log" --seed-file="$dir/munge/seed"
/usr/sbin/slurmctld -f "$SLURM_CONF"
/usr/sbin/slurmd -f "$SLURM_CONF"
for _ in $(seq 60); do sinfo --noheader --format=%T | grep -q idle && exit 0; sleep 1; done
echo "no node came up within a minute; see $dir/slurmd.log" >&2
exit 1
