#pragma once

#include <string_view>

#include "common/status/status.h"

namespace weir::rpc {

// Which part of weir may call which hot method: the one table. `peer` is the first DNS name of its
// certificate ("edge.weir"); empty: plaintext on this machine, where whoever reaches the socket may
// call. kPermissionDenied: it may not.
absl::Status MayCall(std::string_view peer, std::string_view service, std::string_view method);

// Whether a caller of an admin port may show this certificate: those who carry traffic must not
// edit. Operators show none, and their token decides. kPermissionDenied: it may not.
absl::Status MayAdminister(std::string_view peer);

}  // namespace weir::rpc
