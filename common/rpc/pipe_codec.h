#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/support/byte_buffer.h>

#include "common/status/status.h"
#include "weir/common/v1/pipe.pb.h"

namespace weir::rpc {

namespace pipe_pb = ::weir::common::v1;

inline constexpr uint32_t kPipeProtocol = 1;
// Notices that wait to be written to one client; it hears of the others as of all.
inline constexpr int kMaxNotices = 256;
// Of one batch; a single larger item is a batch of its own.
inline constexpr int kMaxBatchItems = 64;
inline constexpr size_t kMaxBatchBytes = 256 * 1024;
// A message of a service, either way: a body of 16 MiB, escaped or not, fits.
inline constexpr size_t kMaxMessageBytes = 24 * 1024 * 1024;

// A message in gRPC's form, written once and not copied again.
grpc::ByteBuffer Encode(const google::protobuf::MessageLite& message);
// Empties `buffer`. False: it is not such a message.
bool Decode(grpc::ByteBuffer& buffer, google::protobuf::MessageLite& message);

}  // namespace weir::rpc
