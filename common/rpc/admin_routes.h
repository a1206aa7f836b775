#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace weir::rpc {

// Which address serves which part's admin methods, by the part's name ("quota"); "" for all that
// have none of their own.
using AdminRoutes = std::map<std::string, std::string, std::less<>>;

// Reads "127.0.0.1:9091" or "identity=HOST:PORT,quota=HOST:PORT". kInvalidArgument: neither, or
// plaintext (no `tls`) beyond this machine.
absl::StatusOr<AdminRoutes> ParseAdminRoutes(std::string_view text, bool tls);

// The address for "weir.quota.v1.QuotaAdminService/PutLimit". kInvalidArgument: there is none.
absl::StatusOr<std::string> AddressFor(const AdminRoutes& routes, std::string_view full_method);

}  // namespace weir::rpc
