#!/usr/bin/env bash
# Builds the Debian package: build/package/tocsin_<version>_<architecture>.deb. The same commit and the same packages of the
# machine give the same bytes, whatever folder it is built in.
#
#   deploy/package.sh [--twice]     --twice: builds it from nothing in two folders, and compares
#
# SOURCE_DATE_EPOCH, if it is not set, is the time of the last commit.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date -u -r CHANGELOG.md +%s)
fi
export SOURCE_DATE_EPOCH
deploy/dependencies.sh plain

make_package() { # <build folder>
  cmake --preset package -B "$1" >/dev/null
  ninja -C "$1"
  (umask 022 && cd "$1" && rm -f ./*.deb && cpack -G DEB >/dev/null)
}

make_package build/package
sha256sum build/package/*.deb
if [ "${1:-}" = --twice ]; then
  rm -rf build/package.again
  CCACHE_DISABLE=1 make_package build/package.again
  sha256sum build/package.again/*.deb
  cmp build/package/*.deb build/package.again/*.deb
  rm -rf build/package.again
  echo "package.sh: the same bytes twice"
fi
