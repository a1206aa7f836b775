#include "common/rpc/pipe_codec.h"

#include <grpcpp/support/slice.h>

namespace weir::rpc {

grpc::ByteBuffer Encode(const google::protobuf::MessageLite& message) {
  const size_t size = message.ByteSizeLong();
  grpc::Slice slice(size);
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return grpc::ByteBuffer(&slice, 1);
}

bool Decode(grpc::ByteBuffer& buffer, google::protobuf::MessageLite& message) {
  grpc::Slice whole;
  // One slice is the rule, for what was written as one and is not larger than a frame.
  if (!buffer.TrySingleSlice(&whole).ok() && !buffer.DumpToSingleSlice(&whole).ok()) return false;
  buffer.Clear();
  return message.ParseFromArray(whole.begin(), static_cast<int>(whole.size()));
}

}  // namespace weir::rpc
