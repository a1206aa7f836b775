#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <string>

namespace weir::rpc {

// gRPC's chained buffers and plain bytes; both copy once.
grpc::ByteBuffer ToByteBuffer(const std::string& bytes);
// Empties `buffer`.
std::string TakeBytes(grpc::ByteBuffer& buffer);

}  // namespace weir::rpc
