#!/usr/bin/env bash
# Workers on the cores of several nodes: sbatch worker-cpu.sh [ENVIRONMENT]
# ENVIRONMENT is a file of FACET_* variables, ~/facet.env by default; docs/slurm.md says more.
#SBATCH --job-name=facet-cpu
#SBATCH --array=1-4
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=16
#SBATCH --mem-per-cpu=2G
#SBATCH --time=24:00:00
#SBATCH --signal=B:TERM@180
#SBATCH --open-mode=append
#SBATCH --output=facet-cpu-%A-%a.log
set -euo pipefail

set -a
# shellcheck source=/dev/null
. "${1:-$HOME/facet.env}"
set +a
# One process for each core: threads of several processes would only wait for each other.
export OMP_NUM_THREADS=1

exec facet worker --device cpu --processes "${SLURM_CPUS_PER_TASK:-1}" \
    --exit-when-idle --log-format json
