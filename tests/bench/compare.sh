#!/usr/bin/env bash
# Measures confmod beside what a moderator would use instead and beside what the machine allows, and prints one table.
# Peers come from Debian's packages (bottom, which Debian lacks, from its crate). What cannot be installed is left out, and
# its rows say so. Takes about half an hour; wants the machine for itself. Give names of benchmarks to run those alone.
set -euo pipefail
cd "$(dirname "$0")/../.."

benches=(callback key_to_wire screen frame roster start shared plot)
if [ "$#" -gt 0 ]; then
    benches=("$@")
fi

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

missing=()
for peer in webhook:webhook nats-server:nats-server htop:htop curl:curl sqlite3:sqlite3 taskset:util-linux strace:strace; do
    command -v "${peer%%:*}" >/dev/null 2>&1 || missing+=("${peer##*:}")
done
if [ "${#missing[@]}" -gt 0 ]; then
    printf '== installing %s\n' "${missing[*]}"
    as_root apt-get update -qq || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        printf 'Some of them cannot be installed here; their rows are left out.\n' >&2
fi
peers=target/peers
if ! command -v btm >/dev/null 2>&1 && [ ! -x "$peers/bin/btm" ]; then
    printf '== building bottom\n'
    cargo install --quiet --locked --root "$peers" bottom || printf 'bottom cannot be built here; its row is left out.\n' >&2
fi
export PATH="$PWD/$peers/bin:$PATH:/usr/sbin"

# What is handed out is what is measured, wherever a whole process is.
cargo build --profile dist --locked
export CONFMOD_PROGRAM="$PWD/target/dist/confmod"
rm -rf target/tmp/bench
for bench in "${benches[@]}"; do
    cargo bench --locked --bench "$bench"
done

printf '\n| what | median | ratio (min to max) | to reach |\n|---|---|---|---|\n'
for table in target/tmp/bench/*.tsv; do
    case "$table" in */curve-*) continue ;; esac
    awk -F '\t' '
        function put() { if (what != "") printf "| %s%s | %s | %s | %s |\n", what, beside, median, ratio, goal }
        /^  beside / { if (fresh) { sub(/^  beside /, "", $1); beside = ", beside " $1 " (" $2 ")" } fresh = 0; next }
        /^  / { fresh = 0; next }
        { put(); what = $1; beside = ""; median = $2; ratio = $5; goal = $6; fresh = 1 }
        END { put() }
    ' "$table"
done
