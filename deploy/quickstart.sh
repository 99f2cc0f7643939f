#!/usr/bin/env bash
# From a fresh clone on Debian 12 or 13 to the running demo: installs what is missing, builds a release binary, and starts
# `tocsin demo` with the arguments given. What is done already is not done again.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { echo "quickstart $1/3: $2"; }

step 1 "dependencies (the first time a few minutes: packages, then Abseil and, on Debian 12, librdkafka)"
deploy/dependencies.sh plain

step 2 "building the release binary"
# A newer compiler may warn of more than ours did; that is no reason to refuse a user the demo.
if [ ! -e build/release/build.ninja ]; then cmake --preset release -DTOCSIN_WARNINGS_AS_ERRORS=OFF; fi
ninja -C build/release tocsin

step 3 "starting: build/release/bin/tocsin demo $*"
exec build/release/bin/tocsin demo "$@"
