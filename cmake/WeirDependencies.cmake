# The libraries that weir stands on, by the names that the rest of the build uses. Debian 12's quirks live here alone.

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(Protobuf REQUIRED)  # Debian has no config file for it: module mode.
set(c-ares_FIND_QUIETLY ON)
find_package(gRPC CONFIG REQUIRED)  # After Protobuf; brings re2::re2.
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS url)
find_package(simdjson CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(yaml-cpp CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(GTest CONFIG REQUIRED)
find_package(rapidcheck CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(libpq REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)

# gRPC and protobuf, shared or static. The static closure is pkg-config's, less systemd (not needed to link).
add_library(weir_grpc INTERFACE)
if(WEIR_STATIC_DEPENDENCIES)
  execute_process(COMMAND ${PKG_CONFIG_EXECUTABLE} --static --libs grpc++ protobuf
    OUTPUT_VARIABLE static_libs OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(static_libs)
  list(FILTER static_libs EXCLUDE REGEX "^-lsystemd$|^-pthread$|^-lpthread$|^-ldl$|^-lm$|^-lrt$|^-lssl$|^-lcrypto$|^-lz$")
  list(REMOVE_DUPLICATES static_libs)
  target_link_libraries(weir_grpc INTERFACE
    -Wl,--start-group -Wl,-Bstatic ${static_libs} -Wl,-Bdynamic -Wl,--end-group
    OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB Threads::Threads ${CMAKE_DL_LIBS} m rt)
else()
  target_link_libraries(weir_grpc INTERFACE gRPC::grpc++ protobuf::libprotobuf)
endif()

# FAISS, static as Debian has it, on the reference BLAS (which searches of one query never reach) and on GCC's OpenMP.
find_library(FAISS_LIBRARY NAMES libfaiss.a REQUIRED)
add_library(weir_faiss INTERFACE)
target_include_directories(weir_faiss SYSTEM INTERFACE "${CMAKE_SOURCE_DIR}/cmake/omp")
target_link_libraries(weir_faiss INTERFACE ${FAISS_LIBRARY} lapack blas -l:libgomp.so.1)

add_library(weir_asio INTERFACE)
target_link_libraries(weir_asio INTERFACE Boost::headers OpenSSL::SSL OpenSSL::Crypto Threads::Threads)

add_library(weir_allocator INTERFACE)
if(WEIR_ALLOCATOR STREQUAL "mimalloc")
  find_package(mimalloc CONFIG REQUIRED)
  target_link_libraries(weir_allocator INTERFACE mimalloc)
elseif(WEIR_ALLOCATOR STREQUAL "jemalloc")
  pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)
  target_link_libraries(weir_allocator INTERFACE PkgConfig::jemalloc)
elseif(NOT WEIR_ALLOCATOR STREQUAL "glibc")
  message(FATAL_ERROR "WEIR_ALLOCATOR is '${WEIR_ALLOCATOR}', want glibc, mimalloc or jemalloc")
endif()
