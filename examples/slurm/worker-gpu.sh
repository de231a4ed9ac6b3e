#!/usr/bin/env bash
# One worker for each GPU of a node: sbatch worker-gpu.sh [ENVIRONMENT]
# ENVIRONMENT is a file of FACET_* variables, ~/facet.env by default; docs/slurm.md says more.
#SBATCH --job-name=facet-gpu
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=16
#SBATCH --time=24:00:00
#SBATCH --signal=B:TERM@180
#SBATCH --open-mode=append
#SBATCH --output=facet-gpu-%j.log
set -euo pipefail

set -a
# shellcheck source=/dev/null
. "${1:-$HOME/facet.env}"
set +a
export OMP_NUM_THREADS=1

# It drains by itself before SLURM_JOB_END_TIME. SLURM signals the batch shell, so the worker takes
# its place: then scancel and preemption reach it too.
exec facet worker --devices all --exit-when-idle --log-format json
