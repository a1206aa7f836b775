#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"
#include "common/time/clock.h"

namespace weir::rpc {

struct AdminClientOptions {
  // "127.0.0.1:9091" or "unix:/path", which serves all; or one for each part of a suite:
  // "identity=127.0.0.1:9111,quota=127.0.0.1:9112,routing=127.0.0.1:9113". Without a CA only
  // loopback and Unix sockets: a token does not cross a network in the clear.
  std::string address = "127.0.0.1:9091";
  // PEM file of the CA that signed the server's certificate. Empty: plaintext.
  std::string ca_file;
  // "wa_..."; empty: none is sent.
  std::string token;
  // Longest wait for an answer, connecting included.
  Duration timeout = std::chrono::seconds(30);
};

// Calls methods of an admin port by name. Blocks; thread-safe.
class AdminClient {
 public:
  using Message = google::protobuf::Message;

  // Connects at the first call. kInvalidArgument: the address or the CA file cannot be used.
  static absl::StatusOr<std::unique_ptr<AdminClient>> Create(AdminClientOptions options);
  ~AdminClient();

  // Sends `request` to `full_method` ("package.Service/Method") and reads the answer into
  // `response`. kInvalidArgument: no address is given for the part that serves it. Errors are the
  // server's, with their details; kUnavailable: it cannot be reached; kDataLoss: its answer is not
  // a `response`.
  absl::Status Call(std::string_view full_method, const Message& request, Message& response);

  // The same, of the one of addresses() that is named: for what all of them serve.
  absl::Status CallAt(const std::string& address, std::string_view full_method,
                      const Message& request, Message& response);
  const std::vector<std::string>& addresses() const;

  // The same for bytes, whatever they are.
  absl::StatusOr<std::string> CallBytes(std::string_view full_method, const std::string& request);

 private:
  class Impl;
  explicit AdminClient(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace weir::rpc
