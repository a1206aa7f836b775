# Language level, warnings, sanitizers and precompiled headers: what every target of ours is built with.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# All libraries are static and end in executables, so one flag serves both: a precompiled header is shared between them.
set(CMAKE_CXX_COMPILE_OPTIONS_PIC -fPIE)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Everywhere, so that every translation unit may share the precompiled headers.
add_compile_options(-pthread)

add_library(weir_options INTERFACE)
target_include_directories(weir_options INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_options(weir_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-field-initializers
  -fno-omit-frame-pointer)
target_compile_definitions(weir_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED SPDLOG_FMT_EXTERNAL
  # A request has some ten coroutine frames at once, and Asio keeps two for the next ones: most come from the allocator in any case, and
  # its operator new is quicker than Asio's cache (and its aligned_alloc). A sanitizer sees each frame's end, too.
  BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING BOOST_ASIO_DISABLE_STD_ALIGNED_ALLOC)
target_link_options(weir_options INTERFACE -Wl,--as-needed)

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(weir_options INTERFACE -Wthread-safety)
  # CMake's own names the header's source too, in a form whose absolute path ccache does not see through.
  set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -Xclang -include-pch -Xclang <PCH_FILE>)
  add_link_options(-fuse-ld=lld)
endif()

if(WEIR_SANITIZER STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
elseif(WEIR_SANITIZER STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
elseif(NOT WEIR_SANITIZER STREQUAL "")
  message(FATAL_ERROR "WEIR_SANITIZER is '${WEIR_SANITIZER}', want 'address', 'thread' or nothing")
endif()

# What a fuzzer sees the branches of: everything but tests and generated code.
set(WEIR_COVERAGE_OPTIONS)
if(WEIR_FUZZERS AND WEIR_SANITIZER STREQUAL "address" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(WEIR_COVERAGE_OPTIONS -fsanitize=fuzzer-no-link)
endif()

# Objects that name no folder of this machine: one checkout may use what another compiled.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_PCH_EXTSUM=1 ${CCACHE_PROGRAM})
endif()
