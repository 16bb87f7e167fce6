#!/usr/bin/env bash
# Breaks the world around confmod for as long as it takes and prints what was counted: the figures of the README's
# section on reliability. The gate runs the same tests, shortened. Give a test file's name to run that one alone.
set -euo pipefail
cd "$(dirname "$0")/.."

tests=(survives disk older delivery flood token fuzz ending secrets weeks shared)
if [ "$#" -gt 0 ]; then
    tests=("$@")
fi
export CONFMOD_FULL=1 CONFMOD_ALL_TOOLS=1
figures=target/tmp/figures-full
rm -rf "$figures"
# One after the other: each wants the machine for itself.
for test in "${tests[@]}"; do
    cargo test --release --locked --test "$test" -- --test-threads 1
done
printf '\n'
cat "$figures"/*
