#!/usr/bin/env bash
# A MongoDB on a node, for sites that host none: sbatch database.sh FOLDER [PORT]
# FOLDER keeps data, secrets and, while the server runs, facet.env for the workers. The next job may
# run on another node, one at a time. docs/slurm.md says what this is good for and what not.
#SBATCH --job-name=facet-database
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=4
#SBATCH --mem=16G
#SBATCH --time=7-00:00:00
#SBATCH --signal=B:TERM@300
#SBATCH --open-mode=append
#SBATCH --output=facet-database-%j.log
set -euo pipefail
umask 077

mkdir -p "${1:?give the folder of the database}/data"
folder=$(cd "$1" && pwd)
# The replica set knows its one node by this port, so it stays the same for good.
[ -s "$folder/port" ] || echo "${2:-27017}" >"$folder/port"
port=$(cat "$folder/port")
host=${DATABASE_HOST:-$(hostname -f)}
for secret in keyfile root.password facet.password; do
    [ -s "$folder/$secret" ] || openssl rand -hex 48 >"$folder/$secret"
done

# The cache is half of what the job may have: mongod would take half of the node.
"${FACET_MONGOD:-mongod}" --replSet rs0 --keyFile "$folder/keyfile" --nounixsocket \
    --bind_ip "127.0.0.1,$host" --port "$port" --dbpath "$folder/data" \
    --wiredTigerCacheSizeGB 8 --logpath "$folder/mongod.log" --logappend &
server=$!
founding=
stop() {
    rm -f "$folder/facet.env"
    # shellcheck disable=SC2086 # none or one
    kill -TERM $founding "$server" 2>/dev/null || true
    wait "$server" || true
}
trap stop EXIT
trap 'exit 0' TERM INT

# Clients are told the name of the node by facet.env, not by the replica set.
founder="mongodb://root@127.0.0.1:$port/?authSource=admin&directConnection=true"
FACET_MONGO_URI="$founder&serverSelectionTimeoutMS=120000" \
    FACET_MONGO_PASSWORD_FILE="$folder/root.password" \
    facet db init --found "rs0/127.0.0.1:$port" \
    --user facet --user-password-file "$folder/facet.password" &
founding=$!
if ! wait -n "$server" "$founding"; then
    echo "The database is not ready; the sentence above or $folder/mongod.log says why." >&2
    exit 1
fi
founding=

{
    echo "FACET_MONGO_URI='mongodb://facet@$host:$port/?authSource=admin&directConnection=true'"
    echo "FACET_MONGO_PASSWORD_FILE='$folder/facet.password'"
    echo "FACET_DATABASE='${FACET_DATABASE:-facet}'"
} >"$folder/facet.env.draft"
mv "$folder/facet.env.draft" "$folder/facet.env"
wait "$server"
