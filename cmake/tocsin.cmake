# The functions with which each folder's CMakeLists.txt declares its targets.

include(GNUInstallDirs)

# Adds every child folder that has a CMakeLists.txt, so that a new folder needs no edit elsewhere.
function(tocsin_add_children)
  file(GLOB children CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*/CMakeLists.txt")
  list(SORT children)
  foreach(child IN LISTS children)
    cmake_path(GET child PARENT_PATH folder)
    add_subdirectory("${folder}")
  endforeach()
endfunction()

# A listed file that is missing breaks the targets that need it, not everybody's configuration.
function(tocsin_tolerate_missing name)
  foreach(file IN LISTS ARGN)
    if(NOT IS_ABSOLUTE "${file}" AND NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
      message(STATUS "${name}: no file ${file} yet")
      set_source_files_properties("${CMAKE_CURRENT_SOURCE_DIR}/${file}" PROPERTIES GENERATED TRUE)
    endif()
  endforeach()
endfunction()

# tocsin_library(<name> [SRCS ...] [HDRS ...] [DEPS ...])
#
# A static library, or an interface library if it has no sources. Includes are relative to the root. DEPS are public.
function(tocsin_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SRCS;HDRS;DEPS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tocsin_library(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  tocsin_tolerate_missing(${name} ${arg_SRCS} ${arg_HDRS})
  if(arg_SRCS)
    add_library(${name} STATIC ${arg_SRCS} ${arg_HDRS})
    target_link_libraries(${name} PRIVATE tocsin_flags PUBLIC ${arg_DEPS})
    target_include_directories(${name} PUBLIC "${CMAKE_SOURCE_DIR}")
  else()
    add_library(${name} INTERFACE ${arg_HDRS})
    target_link_libraries(${name} INTERFACE ${arg_DEPS})
    target_include_directories(${name} INTERFACE "${CMAKE_SOURCE_DIR}")
  endif()
endfunction()

# tocsin_executable(<name> SRCS ... [DEPS ...])
function(tocsin_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SRCS;DEPS")
  tocsin_tolerate_missing(${name} ${arg_SRCS})
  add_executable(${name} ${arg_SRCS})
  target_link_libraries(${name} PRIVATE tocsin_flags ${arg_DEPS})
endfunction()

# What almost every test includes, compiled once: halves the time that the tests take to build. An executable, because
# the compiler takes a precompiled header only with the very options that it was made with.
if(TOCSIN_BUILD_TESTS)
  file(WRITE "${CMAKE_BINARY_DIR}/test_headers.cc.in" "int main() { return 0; }\n")
  file(COPY_FILE "${CMAKE_BINARY_DIR}/test_headers.cc.in" "${CMAKE_BINARY_DIR}/test_headers.cc" ONLY_IF_DIFFERENT)
  add_executable(tocsin_test_headers EXCLUDE_FROM_ALL "${CMAKE_BINARY_DIR}/test_headers.cc")
  set(TOCSIN_TEST_OPTIONS $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)  # asked for by ccache
  target_compile_options(tocsin_test_headers PRIVATE ${TOCSIN_TEST_OPTIONS})
  target_link_libraries(tocsin_test_headers PRIVATE tocsin_flags GTest::gmock GTest::gtest absl::status_matchers)
  target_precompile_headers(tocsin_test_headers PRIVATE
    <string> <vector> <gmock/gmock.h> <gtest/gtest.h> <absl/status/status_matchers.h> <absl/status/statusor.h>
    <absl/time/time.h> <absl/container/flat_hash_map.h>)
endif()

# tocsin_test(<name> SRCS ... [DEPS ...] [LABELS ...] [DATA ...] [TIMEOUT seconds] [WITH_MAIN])
#
# A GoogleTest program and a ctest entry of that name, labelled `unit` unless LABELS says otherwise. It runs in the
# source root. DATA are files that it reads; their absence is an error now instead of in the test. WITH_MAIN: the
# sources have a main of their own.
function(tocsin_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "WITH_MAIN" "TIMEOUT" "SRCS;DEPS;LABELS;DATA;COMMAND_PREFIX")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tocsin_test(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  foreach(file IN LISTS arg_DATA)
    if(NOT EXISTS "${CMAKE_SOURCE_DIR}/${file}" AND NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
      message(FATAL_ERROR "tocsin_test(${name}): no file ${file}")
    endif()
  endforeach()
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  # A time-out is there for what hangs; under sanitizers on a busy machine everything takes several times as long.
  if(TOCSIN_SANITIZE)
    math(EXPR arg_TIMEOUT "4 * ${arg_TIMEOUT}")
  endif()
  tocsin_tolerate_missing(${name} ${arg_SRCS})
  add_executable(${name} ${arg_SRCS})
  target_link_libraries(${name} PRIVATE tocsin_flags ${arg_DEPS} GTest::gmock)
  if(arg_WITH_MAIN)
    target_link_libraries(${name} PRIVATE GTest::gtest)
  else()
    target_link_libraries(${name} PRIVATE GTest::gmock_main)
  endif()
  list(LENGTH arg_SRCS sources)
  if(sources GREATER 1)
    set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)  # tests use the same names for their own things
  endif()
  target_compile_options(${name} PRIVATE ${TOCSIN_TEST_OPTIONS})
  target_precompile_headers(${name} REUSE_FROM tocsin_test_headers)
  add_test(NAME ${name} COMMAND ${arg_COMMAND_PREFIX} $<TARGET_FILE:${name}> WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
  # One target per label builds just what `ctest -L <label>` runs.
  foreach(label IN LISTS arg_LABELS)
    if(NOT TARGET tests_${label})
      add_custom_target(tests_${label})
    endif()
    add_dependencies(tests_${label} ${name})
  endforeach()
endfunction()

# tocsin_kafka_test(<name> SRCS ... [DEPS ...] [LABELS ...] [TIMEOUT seconds] [BROKER ...])
#
# A tocsin_test that finds a real broker's address in TOCSIN_TEST_BROKER. Labelled `kafka`; one runs at a time. BROKER
# are options of tests/kafka/run_with_broker.py.
function(tocsin_kafka_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SRCS;DEPS;LABELS;BROKER")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)
  endif()
  tocsin_test(${name} SRCS ${arg_SRCS} DEPS ${arg_DEPS} LABELS kafka ${arg_LABELS} TIMEOUT ${arg_TIMEOUT}
    COMMAND_PREFIX "${Python3_EXECUTABLE}" "${CMAKE_SOURCE_DIR}/tests/kafka/run_with_broker.py" ${arg_BROKER} --)
  set_tests_properties(${name} PROPERTIES RESOURCE_LOCK kafka_broker SKIP_RETURN_CODE 77)
endfunction()

# tocsin_python_test(<name> <script> [LABELS ...]): a Python script that exits with 0 if all is well, 77 to be skipped.
function(tocsin_python_test name script)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "LABELS")
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  add_test(NAME ${name} COMMAND "${Python3_EXECUTABLE}" "${CMAKE_CURRENT_SOURCE_DIR}/${script}"
    WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT 300 SKIP_RETURN_CODE 77)
endfunction()

# tocsin_benchmark(<name> SRCS ... [DEPS ...])
#
# A Google Benchmark program, and a smoke run of it (label `bench_smoke`) that proves it still runs.
function(tocsin_benchmark name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "WITH_MAIN" "" "SRCS;DEPS")
  if(NOT benchmark_FOUND)
    return()
  endif()
  tocsin_tolerate_missing(${name} ${arg_SRCS})
  add_executable(${name} ${arg_SRCS})
  target_link_libraries(${name} PRIVATE tocsin_flags ${arg_DEPS} benchmark::benchmark)
  if(NOT arg_WITH_MAIN)
    target_link_libraries(${name} PRIVATE benchmark::benchmark_main)
  endif()
  if(TOCSIN_BUILD_TESTS)
    add_test(NAME ${name} COMMAND ${name} --benchmark_min_time=0.001 WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
    set_tests_properties(${name} PROPERTIES LABELS bench_smoke TIMEOUT 300)
  endif()
endfunction()
