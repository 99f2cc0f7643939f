# Language, warnings, sanitizers and hardening: what every target of ours is compiled with.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_PCH_WARN_INVALID OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

if(NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(TOCSIN_CCACHE ccache)
  if(TOCSIN_CCACHE)
    # The sloppiness is what ccache asks for before it works with precompiled headers.
    set(launcher "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      "${TOCSIN_CCACHE}")
    set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  endif()
endif()

add_library(tocsin_flags INTERFACE)
target_include_directories(tocsin_flags INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_definitions(tocsin_flags INTERFACE SIMDJSON_EXCEPTIONS=0)
target_compile_options(tocsin_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wcast-align -Wformat=2 -Wimplicit-fallthrough -Wswitch -Wunused -Wvla)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(tocsin_flags INTERFACE -Wduplicated-cond -Wlogical-op)
endif()
if(TOCSIN_WARNINGS_AS_ERRORS)
  target_compile_options(tocsin_flags INTERFACE -Werror)
endif()

if(TOCSIN_SANITIZE STREQUAL "address")
  # With the null checks GCC no longer takes a function's address for a constant, which Abseil's containers need;
  # AddressSanitizer reports a null dereference anyway.
  set(sanitizer_flags -fsanitize=address,undefined -fno-sanitize=null,nonnull-attribute,returns-nonnull-attribute
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
elseif(TOCSIN_SANITIZE STREQUAL "thread")
  # GCC warns about std::atomic_thread_fence in library headers; the fences are Abseil's and are annotated there.
  set(sanitizer_flags -fsanitize=thread -fno-omit-frame-pointer -Wno-tsan)
elseif(TOCSIN_SANITIZE STREQUAL "fuzzer")
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "TOCSIN_SANITIZE=fuzzer needs Clang, which brings libFuzzer: cmake --preset fuzz")
  endif()
  set(sanitizer_flags -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
elseif(NOT "${TOCSIN_SANITIZE}" STREQUAL "")
  message(FATAL_ERROR "TOCSIN_SANITIZE is '${TOCSIN_SANITIZE}': must be empty, address, thread or fuzzer")
endif()
# For every test, and so for every program that one starts; harmless for the sanitizer that is not built in. By ctest
# itself, for a property of each test would be forgotten for some.
file(GENERATE OUTPUT "${CMAKE_BINARY_DIR}/test_environment.cmake" CONTENT
  "set(ENV{ASAN_OPTIONS} \"detect_stack_use_after_return=1:strict_string_checks=1\")
set(ENV{UBSAN_OPTIONS} \"print_stacktrace=1\")
set(ENV{TSAN_OPTIONS} \"halt_on_error=1:second_deadlock_stack=1:suppressions=${CMAKE_SOURCE_DIR}/tests/tsan_suppressions.txt\")
")
set_property(DIRECTORY "${CMAKE_SOURCE_DIR}" APPEND PROPERTY TEST_INCLUDE_FILES "${CMAKE_BINARY_DIR}/test_environment.cmake")
if(sanitizer_flags)
  target_compile_options(tocsin_flags INTERFACE ${sanitizer_flags})
  target_link_options(tocsin_flags INTERFACE ${sanitizer_flags})
endif()

if(TOCSIN_PACKAGE)
  # In debug information and by that in the build id: the same source gives the same bytes in any folder.
  target_compile_options(tocsin_flags INTERFACE
    "-ffile-prefix-map=${CMAKE_SOURCE_DIR}=." "-ffile-prefix-map=${CMAKE_BINARY_DIR}=build")
endif()

if(TOCSIN_HARDEN)
  target_compile_options(tocsin_flags INTERFACE
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(tocsin_flags INTERFACE -fcf-protection=full)
  endif()
  target_link_options(tocsin_flags INTERFACE LINKER:-z,relro,-z,now,-z,noexecstack)
  include(CheckPIESupported)
  check_pie_supported(LANGUAGES CXX)
endif()
