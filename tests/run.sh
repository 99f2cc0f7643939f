#!/usr/bin/env bash
# Runs the tests and ends with the line "N passed, N failed, N skipped" (exit code 1 if any failed).
#
#   tests/run.sh          the dev preset with every test but those labelled `long`; ASan+UBSan and TSan over the labels
#                         unit, pipeline and simulation; a short run of the fuzz targets; clang-format over all files;
#                         clang-tidy over changed files
#   tests/run.sh --long   everything: the long tests, every label under the sanitizers, the release preset, clang-tidy
#                         over all files
#
# Each GoogleTest case counts as one test, so does each check. What failed or was skipped is named before the last line.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

long=0
for argument in "$@"; do
  case "$argument" in
    --long) long=1 ;;
    -h | --help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "run.sh: unknown argument '$argument'; see --help" >&2; exit 2 ;;
  esac
done

results="$PWD/build/test-results"
rm -rf "$results"
mkdir -p "$results"
started=$SECONDS
say() { printf '\n== %s  (%d:%02d)\n' "$*" $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60)); }
record() { echo "$1 $2" >>"$results/checks"; }  # passed|failed|skipped, name

# Configures and builds one preset: build <preset> <ninja targets, or nothing for all>. Fails if there is nothing to run.
build() {
  local preset=$1 targets=("${@:2}")
  say "$preset: configure and build ${targets[*]:-everything}"
  if ! cmake --preset "$preset" -DTOCSIN_BUILD_TESTS=ON >"$results/$preset.configure.log" 2>&1; then
    tail -40 "$results/$preset.configure.log"
    record failed "$preset: configure"
    return 1
  fi
  local known=() target
  for target in "${targets[@]}"; do
    if ninja -C "build/$preset" -t query "$target" >/dev/null 2>&1; then known+=("$target"); fi
  done
  if [ ${#targets[@]} -gt 0 ] && [ ${#known[@]} -eq 0 ]; then
    record skipped "$preset: no tests of its labels"
    return 1
  fi
  if ninja -C "build/$preset" -k 0 "${known[@]}" >"$results/$preset.build.log" 2>&1; then
    record passed "$preset: build"
  else
    grep -E -A12 '^FAILED|error:' "$results/$preset.build.log" | head -60
    record failed "$preset: build"
  fi
}

# Runs tests of a preset, whose results bear a name: run_tests <preset> <name> <ctest options>
run_tests() {
  local preset=$1 name=$2
  shift 2
  mkdir -p "$results/$name"
  GTEST_OUTPUT="xml:$results/$name/" ctest --test-dir "build/$preset" --output-on-failure \
    --no-tests=ignore --output-junit "$results/$name.xml" "$@" | grep -vE '^ *Start |Internal ctest changing'
}

# build_and_test <preset> <ninja targets, or nothing for all> -- <ctest options>
build_and_test() {
  local preset=$1 targets=()
  shift
  while [ "$1" != -- ]; do
    targets+=("$1")
    shift
  done
  shift
  build "$preset" "${targets[@]}" || return
  say "$preset: tests"
  # One more than there are cores: the tests on a real broker, one at a time, wait more than they work.
  run_tests "$preset" "$preset" -j $(($(nproc) + 1)) "$@"
}

say "dependencies"
if ! deploy/dependencies.sh --tests plain asan tsan; then
  record failed "dependencies"
fi

if [ "$long" = 1 ]; then
  build_and_test dev --
  build_and_test asan --
  build_and_test tsan --
  build_and_test release --
else
  # The tests on a real broker, one at a time, wait more than they work: they go on beside the sanitizers.
  if build dev; then
    say "dev: tests but those on a broker"
    run_tests dev dev -j "$(nproc)" -LE '^(long|kafka)$'
    say "dev: tests on a broker, beside what follows"
    run_tests dev dev-kafka -L '^kafka$' -LE '^long$' >"$results/dev-kafka.log" 2>&1 &
  fi
  build_and_test asan tests_unit tests_pipeline tests_simulation -- -L '^(unit|pipeline|simulation)$' -LE '^(long|kafka)$'
  build_and_test tsan tests_unit tests_pipeline tests_simulation -- -L '^(unit|pipeline|simulation)$' -LE '^(long|kafka)$'
fi

if command -v clang++-14 >/dev/null && ls /usr/lib/llvm-14/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a >/dev/null 2>&1; then
  build_and_test fuzz tests_fuzz -- -L '^fuzz$'
else
  record skipped "fuzz: Clang 14 with libFuzzer is not here (deploy/dependencies.sh --tests)"
fi

if [ "$long" = 0 ]; then
  say "dev: the tests on a broker"
  wait
  cat "$results/dev-kafka.log" 2>/dev/null
fi

say "clang-format"
if command -v clang-format-14 >/dev/null; then
  if git ls-files -z -co --exclude-standard -- '*.cc' '*.h' | xargs -0 -r ls -d 2>/dev/null |
    xargs -r clang-format-14 --dry-run --Werror; then
    record passed "clang-format"
  else
    record failed "clang-format"
  fi
else
  record skipped "clang-format: version 14 is not here"
fi

say "clang-tidy"
tidy_options=(--seconds 240)
if [ "$long" = 1 ]; then tidy_options=(--all); fi
python3 tests/tidy.py --build build/dev "${tidy_options[@]}" --record "$results/checks"

say "summary"
python3 tests/summary.py "$results"
