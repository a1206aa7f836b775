#pragma once

#include <grpcpp/support/status.h>

#include "common/status/status.h"
#include "google/rpc/status.pb.h"

namespace weir::rpc {

// The only place where statuses cross between Abseil and gRPC. Codes are the same numbers; details
// travel as google.rpc.Status in grpc-status-details-bin, each an Any of its own message.
//
// What leaves is bounded, because a client drops a call whose trailers pass 8 KiB: messages are cut
// at 1.5 KiB, and details that do not fit in 3 KiB together are left out.
grpc::Status ToGrpc(const absl::Status& status);

// Details that are malformed are left out.
absl::Status FromGrpc(const grpc::Status& status);

// The same as a message, for answers that are not a gRPC call of their own. `status` may be OK.
google::rpc::Status ToRich(const absl::Status& status);
absl::Status FromRich(const google::rpc::Status& rich);

}  // namespace weir::rpc
