#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "common/status/status.h"

namespace weir::edge {

namespace ssl = boost::asio::ssl;

// TLS 1.2 and up, HTTP/1.1 by ALPN, from PEM files. kInvalidArgument names the file that cannot be
// used.
absl::StatusOr<std::shared_ptr<ssl::context>> LoadServerTls(const std::string& certificate_file,
                                                            const std::string& key_file);

// A certificate that weir signs itself, valid for a year, for localhost and `host`. The key never
// leaves memory.
absl::StatusOr<std::shared_ptr<ssl::context>> SelfSignedServerTls(const std::string& host);

}  // namespace weir::edge
