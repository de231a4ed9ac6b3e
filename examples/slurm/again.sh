#!/usr/bin/env bash
# Workers, job after job, until a campaign is over: sbatch again.sh CAMPAIGN worker-gpu.sh [ROUNDS]
# ROUNDS is how often at most, 20 by default. FACET_* variables are taken from where sbatch is called.
#SBATCH --job-name=facet-again
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=4G
#SBATCH --time=00:15:00
#SBATCH --output=facet-again-%j.log
set -euo pipefail

campaign=${1:?give the id of a campaign}
workers=${2:?give a script of workers}
rounds=${3:-20}

read_place='import json, sys; told = json.load(sys.stdin); print(told["status"], told["control"])'
if document=$(facet status --campaign "$campaign" --json); then
    place=$(python3 -c "$read_place" <<<"$document")
else
    place=unknown
fi
echo "Campaign $campaign: $place, $rounds rounds left."

case $place in
finished* | *paused | *cancelled)
    exit 0
    ;;
esac
if [ "$rounds" -le 0 ]; then
    echo "No round is left; see \`facet status --campaign $campaign\` for what is in the way." >&2
    exit 1
fi
if [ "$place" = unknown ]; then # the database is away: no GPU need wait for it
    sbatch --begin=now+10minutes "$0" "$campaign" "$workers" "$((rounds - 1))"
    exit 0
fi
job=$(sbatch --parsable "$workers")
sbatch --dependency="afterany:${job%%;*}" "$0" "$campaign" "$workers" "$((rounds - 1))"
