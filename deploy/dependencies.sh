#!/usr/bin/env bash
# Installs what building Tocsin needs, and builds what the distribution has too old or in another shape.
#
#   deploy/dependencies.sh [--tests] [--deploy] [plain|asan|tsan]...
#
# Packages come from apt (root, or sudo). Abseil is always built here, since Debian compiles it with a string_view type of
# its own; librdkafka only where the distribution's is older than 2.8.0, and for tsan, which needs one without C11 threads.
# Both come from Debian 13's source packages, into build/deps/<variant>. Sanitizers change the layout of Abseil's
# containers, hence a prefix per variant (default: plain). A second call finds everything in place and returns at once.
# --tests adds what tests/run.sh needs, --deploy what tests/deploy does: containers, checkov, and with Go helm and kubeconform.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly kSourceSuite=trixie
readonly kLibrdkafkaMinimum=2.8.0
readonly kRecipe=2  # raised whenever the builds below change, so that older prefixes are built anew
readonly kDeps="$PWD/build/deps"

with_tests=0
with_deploy=0
variants=()
for argument in "$@"; do
  case "$argument" in
    --tests) with_tests=1 ;;
    --deploy) with_deploy=1 ;;
    plain | asan | tsan) variants+=("$argument") ;;
    -h | --help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "dependencies.sh: unknown argument '$argument'; see --help" >&2; exit 2 ;;
  esac
done
[ ${#variants[@]} -gt 0 ] || variants=(plain)

say() { echo "dependencies: $*"; }
fail() { echo "dependencies: $*" >&2; exit 1; }

command -v apt-get >/dev/null || fail "this script knows Debian 12 and 13 only; elsewhere use vcpkg.json"

packages=(
  g++ cmake ninja-build make pkg-config ccache git ca-certificates dpkg-dev
  libsimdjson-dev prometheus-cpp-dev libcurl4-openssl-dev libcli11-dev libyaml-cpp-dev libspdlog-dev libfmt-dev
  libutf8proc-dev libxxhash-dev libzstd-dev liblz4-dev zlib1g-dev libssl-dev nlohmann-json3-dev libvalijson-dev
  libcpp-httplib-dev libgoogle-perftools-dev python3 file
  libgtest-dev libgmock-dev  # Abseil's test matchers, part of its build here, include them
)
# promtool and amtool come with their servers, which are installed but not started.
test_packages=(libbenchmark-dev default-jdk-headless maven kcat shellcheck prometheus prometheus-alertmanager python3-venv)
deploy_packages=(buildah podman runc catatonit mmdebstrap lintian zsh fish groff-base systemd python3-venv)

# "name version" of every installed package of ours, in one call, so that a second run of this script is quick.
declare -A installed_version=()
read_installed() {
  local name status version
  installed_version=()
  while read -r name status version; do
    [ "$status" != installed ] || installed_version[${name%%:*}]=$version
  done < <(dpkg-query -W -f='${Package} ${db:Status-Status} ${Version}\n' librdkafka-dev clang-format-14 libclang-rt-14-dev \
    "${packages[@]}" "${test_packages[@]}" "${deploy_packages[@]}" 2>/dev/null)
}
installed() { [ -n "${installed_version[$1]:-}" ]; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
    fail "packages are missing: run this as root, or install sudo"
  fi
}

updated=0
update_lists() {
  [ "$updated" = 0 ] || return 0
  say "updating apt's package lists"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
  updated=1
}

# The version that apt would install; a fresh container has no lists yet.
available_version() {
  local version
  version=$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p')
  if [ -z "$version" ] && [ "$updated" = 0 ]; then
    update_lists >&2
    version=$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p')
  fi
  [ "$version" = "(none)" ] || echo "$version"
}

# A Java of another package (a JDK, say) serves as well as the default one.
have_java() { command -v java >/dev/null && command -v javac >/dev/null; }

system_librdkafka_serves() {
  local version=${installed_version[librdkafka-dev]:-} memo="$kDeps/librdkafka-candidate"
  if [ -z "$version" ]; then
    if [ ! -e "$memo" ]; then
      mkdir -p "$kDeps"
      available_version librdkafka-dev >"$memo"
    fi
    version=$(cat "$memo")
  fi
  [ -n "$version" ] && dpkg --compare-versions "$version" ge "$kLibrdkafkaMinimum"
}

install_missing() {
  local missing=() package
  for package in "$@"; do
    installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${#missing[@]} packages with apt: ${missing[*]}"
  update_lists
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# Writes one sources file per entry of this machine that offers this release's `main`, turned into a source entry of
# Debian 13. The mirror, its options and its key stay those that the machine already trusts.
write_source_entries() {
  local folder=$1 codename
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  find /etc/apt/sources.list.d -name '*.sources' 2>/dev/null | sort | while read -r file; do
    awk -v suite="$codename" -v target="$kSourceSuite" -v prefix="$folder/$(basename "$file" .sources)" '
      BEGIN { RS = ""; FS = "\n" }
      {
        wanted = 0; debian = 0; entry = "Types: deb-src\n"; kept = 0
        for (i = 1; i <= NF; i++) {
          if ($i ~ /^#/) continue
          if ($i ~ /^[^ \t]/) kept = 1
          if ($i ~ /^Suites:/) { if ((" " substr($i, 8) " ") ~ ("[ \t]" suite "[ \t]")) wanted = 1; kept = 0 }
          if ($i ~ /^Components:/) { if ((" " substr($i, 12) " ") ~ /[ \t]main[ \t]/) debian = 1; kept = 0 }
          if ($i ~ /^(Types|Architectures|Enabled):/) kept = 0
          if (kept) entry = entry $i "\n"
        }
        if (wanted && debian)
          print entry "Suites: " target "\nComponents: main" > (prefix "-" NR ".sources")
      }' "$file"
  done
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true; } |
    awk -v suite="$codename" -v target="$kSourceSuite" -v prefix="$folder/line" '
      $1 == "deb" {
        options = ""; rest = $0; sub(/^deb[ \t]+/, "", rest)
        if (rest ~ /^\[/) { options = substr(rest, 1, index(rest, "]")); rest = substr(rest, index(rest, "]") + 1) }
        gsub(/arch=[^] ]*/, "", options)
        count = split(rest, word, " ")
        debian = 0
        for (i = 3; i <= count; i++) if (word[i] == "main") debian = 1
        if (word[2] == suite && debian)
          print "deb-src " options " " word[1] " " target " main" > (prefix "-" NR ".list")
      }'
}

# Fetches and unpacks the source packages into build/deps/source; apt checks signature and checksums.
fetch_sources() {
  local source="$kDeps/source" apt="$kDeps/apt" entry
  if [ -d "$source/abseil" ] && [ -d "$source/librdkafka" ]; then return 0; fi
  rm -rf "$source" "$apt"
  mkdir -p "$source" "$apt/entries" "$apt/lists/partial" "$apt/cache/archives/partial"
  say "fetching the source packages of Abseil and librdkafka from Debian $kSourceSuite"
  write_source_entries "$apt/entries"
  for entry in "$apt"/entries/*; do
    [ -e "$entry" ] || break
    local options=(-q -o "Dir::Etc::sourcelist=$entry" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$apt/lists"
      -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root)
    if (apt-get "${options[@]}" update && cd "$source" && apt-get "${options[@]}" source abseil librdkafka) \
      >"$apt/log" 2>&1; then
      mv "$source"/abseil-*/ "$source/abseil"
      mv "$source"/librdkafka-*/ "$source/librdkafka"
      rm -rf "$apt"
      return 0
    fi
  done
  rm -rf "$source"
  [ ! -e "$apt/log" ] || tail -20 "$apt/log" >&2
  fail "no apt source entry of this machine gives Debian $kSourceSuite's source packages (log: $apt/log)"
}

# Runs a step quietly: its output goes to a log, whose end is shown if it fails.
logged() {
  local log=$1
  shift
  "$@" >>"$log" 2>&1 || { tail -30 "$log" >&2; fail "failed: $* (log: $log)"; }
}

build_librdkafka() {
  local prefix=$1 build="$kDeps/trees/librdkafka" log="$kDeps/librdkafka.log"
  if [ ! -e "$build/src/librdkafka.a" ]; then
    say "building librdkafka (about half a minute)"
    : >"$log"
    rm -rf "$build"
    mkdir -p "$kDeps/trees"
    cp -r "$kDeps/source/librdkafka" "$build"
    (
      cd "$build"
      # Not instrumented in any variant: pthreads, which the sanitizers intercept, stand in for C11 threads everywhere.
      logged "$log" env CC="$compiler_c" CXX="$compiler_cxx" CFLAGS="-O2 -fPIC" ./configure --prefix="$prefix" --enable-static --disable-c11threads \
        --disable-gssapi --disable-curl --enable-ssl --enable-zstd --enable-lz4-ext --enable-zlib
      logged "$log" nice make -j"$jobs" -C src librdkafka.a
    )
  fi
  mkdir -p "$prefix/include/librdkafka" "$prefix/lib"
  cp "$build/src/rdkafka.h" "$build/src/rdkafka_mock.h" "$prefix/include/librdkafka/"
  cp "$build/src/librdkafka.a" "$prefix/lib/"
}

build_abseil() {
  local variant=$1 prefix=$2 flags=$3 build="$kDeps/trees/abseil-$1" log="$kDeps/abseil-$1.log"
  say "building Abseil for '$variant' (one to two minutes)"
  : >"$log"
  rm -rf "$build"
  mkdir -p "$build"
  cp -r "$kDeps/source/abseil" "$build/source"
  # The distribution's options choose Abseil's own types; C++20's are what our interfaces use.
  sed -i -E 's/^(#define ABSL_OPTION_USE_STD_[A-Z_]+) [0-9]+/\1 1/' "$build/source/absl/base/options.h"
  # Chance comes from seeded generators of our own, so the random library need not be built.
  sed -i '/add_subdirectory(random)/d' "$build/source/absl/CMakeLists.txt"
  local launcher=()
  if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  logged "$log" cmake -S "$build/source" -B "$build/build" -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_STANDARD=20 \
    -DCMAKE_CXX_COMPILER="$compiler_cxx" -DCMAKE_CXX_FLAGS="$flags -ffile-prefix-map=$build/source=abseil" -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DCMAKE_INSTALL_PREFIX="$prefix" \
    -DCMAKE_INSTALL_LIBDIR=lib -DBUILD_SHARED_LIBS=OFF -DBUILD_TESTING=OFF -DABSL_BUILD_TESTING=OFF \
    -DABSL_PROPAGATE_CXX_STD=ON -DABSL_ENABLE_INSTALL=ON -DABSL_BUILD_TEST_HELPERS=ON \
    -DABSL_USE_EXTERNAL_GOOGLETEST=ON -DABSL_FIND_GOOGLETEST=ON "${launcher[@]}"
  logged "$log" nice ninja -C "$build/build" -j "$jobs" install
  rm -rf "$build"
}

# A Python with what tests and examples import, in build/python. Without it those tests are skipped, and say so.
install_test_python() {
  local python="$PWD/build/python" wanted=tests/requirements.txt
  if cmp -s "$wanted" "$python/complete"; then return 0; fi
  say "installing the tests' Python packages into build/python"
  mkdir -p build
  if python3 -m venv "$python" && "$python/bin/pip" install -q --disable-pip-version-check -r "$wanted"; then
    cp "$wanted" "$python/complete"
  else
    say "WARNING: no build/python: tests that need it will be skipped"
  fi
}

# What builds and runs images and checks the chart: packages, and into build/tools what only Go's modules have. The long
# part, some ten minutes, is done once.
install_deploy_tools() {
  install_missing "${deploy_packages[@]}"
  local tools="$PWD/build/tools" module
  mkdir -p "$tools/bin" "$tools/crds"
  if [ ! -x "$tools/bin/checkov" ]; then
    say "installing checkov (about a minute)"  # in a place of its own, since it pins what others want newer
    if python3 -m venv "$tools/python" && "$tools/python/bin/pip" install -q --disable-pip-version-check checkov; then
      ln -sf ../python/bin/checkov "$tools/bin/checkov"
    else
      say "WARNING: no checkov: Dockerfile and chart are not held against its policies"
    fi
  fi
  if ! command -v go >/dev/null; then
    say "WARNING: no Go: without helm and kubeconform the chart is not rendered, and its tests are skipped"
    return 0
  fi
  for module in helm.sh/helm/v3/cmd/helm@v3.18.6 github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0; do
    local name=${module##*/}
    if [ -x "$tools/bin/${name%@*}" ]; then continue; fi
    say "building ${name%@*} (some minutes)"
    GOPATH="$tools/go" GOBIN="$tools/bin" nice go install "$module"
  done
  if [ ! -e "$tools/crds/complete" ]; then
    say "fetching the CustomResourceDefinitions of KEDA and Prometheus Operator"
    module_folder() { GOPATH="$tools/go" go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'; }
    cp "$(module_folder github.com/kedacore/keda/v2@v2.21.0)"/config/crd/bases/*.yaml "$tools/crds/"
    cp "$(module_folder github.com/prometheus-operator/prometheus-operator@v0.85.0)"/example/prometheus-operator-crd/*.yaml "$tools/crds/"
    touch "$tools/crds/complete"
  fi
}

build_variant() {
  local variant=$1 prefix="$kDeps/$1" flags own_librdkafka=0
  case "$variant" in
    plain) flags="-O2 -g0 -DNDEBUG" ;;
    asan) flags="-O1 -g1 -fno-omit-frame-pointer -fsanitize=address" ;;
    tsan) flags="-O1 -g1 -fno-omit-frame-pointer -fsanitize=thread -Wno-tsan" ;;
  esac
  if [ "$variant" = tsan ] || ! system_librdkafka_serves; then own_librdkafka=1; fi
  local wanted="recipe=$kRecipe librdkafka=$own_librdkafka"
  if [ "$(cat "$prefix/complete" 2>/dev/null)" = "$wanted" ]; then return 0; fi
  rm -rf "$prefix"
  fetch_sources
  mkdir -p "$prefix"
  jobs=$(nproc)
  compiler_c=gcc
  compiler_cxx=g++
  if [ "$own_librdkafka" = 1 ]; then build_librdkafka "$prefix"; fi
  build_abseil "$variant" "$prefix" "$flags"
  echo "$wanted" >"$prefix/complete"
  say "$variant: complete in build/deps/$variant"
}

read_installed
if system_librdkafka_serves; then packages+=(librdkafka-dev); fi
if [ "$with_tests" = 1 ]; then
  if have_java; then
    for i in "${!test_packages[@]}"; do
      if [ "${test_packages[$i]}" = default-jdk-headless ]; then unset "test_packages[$i]"; fi
    done
  fi
  # The format is checked with version 14 only: others lay out the same code differently.
  if installed clang-format-14 || [ -n "$(available_version clang-format-14)" ]; then test_packages+=(clang-format-14 clang-tidy-14); fi
  # libFuzzer comes with Clang only: without it the fuzz targets are not built.
  if installed libclang-rt-14-dev || [ -n "$(available_version libclang-rt-14-dev)" ]; then test_packages+=(clang-14 libclang-rt-14-dev); fi
  packages+=("${test_packages[@]}")
fi
read_installed
install_missing "${packages[@]}"
if [ "$with_tests" = 1 ] || [ "$with_deploy" = 1 ]; then install_test_python; fi
if [ "$with_deploy" = 1 ]; then install_deploy_tools; fi
for variant in "${variants[@]}"; do
  build_variant "$variant"
done
say "all in place (${variants[*]})"
