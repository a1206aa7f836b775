#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tests/mock_upstream/ledger.h"

namespace weir::mock {

// An OpenAI-shaped provider on a port of this machine: scripted by a test, keeping its own books.
//
//   auto upstream = MockUpstream::Start({});                     // Ports picked by the system.
//   (*upstream)->SetBehaviour(R"({"status": 503, "times": 1})");
//   ... send requests to 127.0.0.1:(*upstream)->port() ...
//   EXPECT_EQ((*upstream)->sums().all.finished, 1);
//
// Thread-safe once started.
class MockUpstream {
 public:
  struct Options {
    std::string host = "127.0.0.1";  // An IP address.
    uint16_t port = 0;               // 0: the system picks one.
    std::string control_host = "127.0.0.1";
    uint16_t control_port = 0;
    std::string tls_certificate, tls_key;  // PEM files, both or none. Traffic only.
    std::string api_key;                   // Wanted as a bearer token. Empty: anybody may call.
    std::string answer_file;               // Empty: SampleAnswer(). See LoadAnswer.
    int threads = 1;                       // 1 to 64. Unused with a given io_context.
    size_t request_log = 10'000;           // Requests kept for GET /requests, up to 100 KiB each.
  };

  // Listens, and serves on threads of its own until Stop.
  //
  // kInvalidArgument names the option; kUnavailable: cannot listen there.
  static absl::StatusOr<std::unique_ptr<MockUpstream>> Start(const Options& options);

  // The same on `context`, which one thread runs and which must outlive this object. Here Stop and
  // the destructor want that thread, or that nobody runs the context; connections end when it runs
  // next.
  static absl::StatusOr<std::unique_ptr<MockUpstream>> Start(const Options& options,
                                                             boost::asio::io_context& context);

  ~MockUpstream();  // Stops.
  MockUpstream(const MockUpstream&) = delete;
  MockUpstream& operator=(const MockUpstream&) = delete;

  uint16_t port() const;
  uint16_t control_port() const;

  // As POST and DELETE /behaviour.
  absl::Status SetBehaviour(std::string_view json);
  void ResetBehaviour();

  // As GET /ledger, /requests and /open, but without waiting for answers whose last byte has just
  // been written: those may be missing for some microseconds.
  Ledger::Sums sums() const;
  std::vector<LoggedRequest> last_requests(size_t limit) const;
  int64_t open() const;
  void ResetLedger();

  // Closes listeners and connections; idempotent. Exchanges that are on end as they can.
  void Stop();

 private:
  class Impl;
  explicit MockUpstream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::mock
