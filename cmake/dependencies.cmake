# Finds every library that Tocsin uses, with the minimum versions, and gives those without a CMake package a target
# tocsin::<name>. deploy/dependencies.sh installs them all.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# find_package's own comparison refuses newer versions for some of these (simdjson takes only the same minor version).
macro(tocsin_need package minimum)
  find_package(${package} CONFIG REQUIRED)
  if(${package}_VERSION AND ${package}_VERSION VERSION_LESS ${minimum})
    message(FATAL_ERROR "${package} must be ${minimum} or newer; ${${package}_DIR} has ${${package}_VERSION}")
  endif()
endmacro()

tocsin_need(absl 20240722)
tocsin_need(simdjson 3.0)
tocsin_need(prometheus-cpp 1.0)
tocsin_need(CLI11 2.1)
tocsin_need(yaml-cpp 0.7)
tocsin_need(fmt 9.1)
tocsin_need(spdlog 1.10)
tocsin_need(nlohmann_json 3.11)
find_package(OpenSSL 3.0 REQUIRED)

if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()

# pkg-config's own imported targets live in PkgConfig::; ours hide which library came which way.
function(tocsin_import name module)
  pkg_check_modules(TOCSIN_${name} REQUIRED IMPORTED_TARGET GLOBAL "${module}")
  add_library(tocsin::${name} INTERFACE IMPORTED GLOBAL)
  target_link_libraries(tocsin::${name} INTERFACE PkgConfig::TOCSIN_${name})
endfunction()

tocsin_import(utf8proc libutf8proc)
tocsin_import(xxhash libxxhash)
tocsin_import(zstd libzstd)
tocsin_import(lz4 liblz4)
tocsin_import(zlib zlib)
tocsin_import(httplib cpp-httplib)

# The allocator of the binary (bench/results/2026-11-22-chain.md says what it brings); sanitizers have one of their own.
if(NOT TOCSIN_SANITIZE)
  tocsin_import(tcmalloc libtcmalloc_minimal)
endif()

find_path(TOCSIN_VALIJSON_INCLUDE valijson/validator.hpp REQUIRED)
add_library(tocsin::valijson INTERFACE IMPORTED GLOBAL)
set_target_properties(tocsin::valijson PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${TOCSIN_VALIJSON_INCLUDE}")

# librdkafka: the prefix of deploy/dependencies.sh first (static), else the system's, which must be new enough.
find_library(TOCSIN_RDKAFKA_ARCHIVE librdkafka.a PATHS ${CMAKE_PREFIX_PATH} PATH_SUFFIXES lib NO_DEFAULT_PATH)
if(TOCSIN_RDKAFKA_ARCHIVE)
  cmake_path(GET TOCSIN_RDKAFKA_ARCHIVE PARENT_PATH rdkafka_folder)
  pkg_check_modules(TOCSIN_RDKAFKA_NEEDS REQUIRED IMPORTED_TARGET GLOBAL libssl libcrypto libzstd liblz4 zlib)
  add_library(tocsin::rdkafka STATIC IMPORTED GLOBAL)
  set_target_properties(tocsin::rdkafka PROPERTIES
    IMPORTED_LOCATION "${TOCSIN_RDKAFKA_ARCHIVE}"
    INTERFACE_INCLUDE_DIRECTORIES "${rdkafka_folder}/../include")
  target_link_libraries(tocsin::rdkafka INTERFACE
    PkgConfig::TOCSIN_RDKAFKA_NEEDS Threads::Threads ${CMAKE_DL_LIBS} m)
else()
  tocsin_import(rdkafka "rdkafka>=2.8.0")
endif()

# A librdkafka without TLS or SCRAM would fail only when a secured cluster is met, so it is asked here, once.
if(NOT "${TOCSIN_RDKAFKA_CHECKED}" STREQUAL "checked ${TOCSIN_RDKAFKA_ARCHIVE}")
  file(WRITE "${CMAKE_BINARY_DIR}/rdkafka_features.c" [[
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>
int main(void) {
  char value[512];
  size_t size = sizeof value;
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  if (rd_kafka_conf_get(conf, "builtin.features", value, &size) != RD_KAFKA_CONF_OK) return 1;
  rd_kafka_conf_destroy(conf);
  printf("%s %s", rd_kafka_version_str(), value);
  return rd_kafka_version() >= 0x02080000 && strstr(value, "ssl") && strstr(value, "sasl_scram") ? 0 : 1;
}
]])
  try_run(rdkafka_run rdkafka_compiles "${CMAKE_BINARY_DIR}/rdkafka_features" "${CMAKE_BINARY_DIR}/rdkafka_features.c"
    LINK_LIBRARIES tocsin::rdkafka
    COMPILE_OUTPUT_VARIABLE rdkafka_log RUN_OUTPUT_VARIABLE rdkafka_features)
  if(NOT rdkafka_compiles)
    message(FATAL_ERROR "librdkafka can't be linked:\n${rdkafka_log}")
  elseif(NOT rdkafka_run EQUAL 0)
    message(FATAL_ERROR "librdkafka must be 2.8.0 or newer with ssl and sasl_scram; this one is: ${rdkafka_features}")
  endif()
  message(STATUS "librdkafka ${rdkafka_features}")
  set(TOCSIN_RDKAFKA_CHECKED "checked ${TOCSIN_RDKAFKA_ARCHIVE}" CACHE INTERNAL "librdkafka has what is needed")
endif()

if(TOCSIN_BUILD_TESTS)
  tocsin_need(GTest 1.12)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
endif()
if(TOCSIN_BUILD_BENCHMARKS)
  find_package(benchmark CONFIG QUIET)
  if(NOT benchmark_FOUND)
    message(STATUS "Google Benchmark not found: no benchmarks")
  endif()
endif()
