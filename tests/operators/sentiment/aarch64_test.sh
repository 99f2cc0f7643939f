#!/usr/bin/env bash
# Compiles the inner loops of sentiment for 64-bit ARM and compares the NEON variant with the reference in an emulator.
# Skipped, with the reason, where the cross compiler or the emulator is missing. They take 320 MB, so deploy/dependencies.sh
# leaves them to whoever wants them: apt-get install --no-install-recommends g++-aarch64-linux-gnu qemu-user
set -euo pipefail
cd "$(dirname "$0")/../../.."

readonly kSkipped=77
for tool in aarch64-linux-gnu-g++ qemu-aarch64; do
  if ! command -v "$tool" >/dev/null; then
    echo "skipped: no $tool (apt packages g++-aarch64-linux-gnu, qemu-user)"
    exit "$kSkipped"
  fi
done

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
aarch64-linux-gnu-g++ -std=c++20 -O2 -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Werror -static -I. \
  operators/sentiment/byte_scan.cc operators/sentiment/kernels.cc operators/sentiment/kernels_neon.cc \
  operators/sentiment/kernels_x86.cc operators/sentiment/sentiment_features.cc \
  tests/operators/sentiment/reference_features.cc tests/operators/sentiment/sample_texts.cc \
  tests/operators/sentiment/variants_main.cc -o "$folder/variants"
qemu-aarch64 "$folder/variants" | tee "$folder/report"
grep -q '^variant=portable ' "$folder/report"
grep -q '^variant=NEON ' "$folder/report" || { echo "the NEON variant did not run" >&2; exit 1; }
