#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "common/status/status.h"

namespace weir::testing {

// A PostgreSQL server of a test's own, in a temporary folder, reached by a Unix socket there and at
// a port of 127.0.0.1. It ends with this object, and with the process whatever becomes of that.
// Needs Debian's postgresql-15; run by root, it is the user postgres. Not thread-safe.
class PostgresServer {
 public:
  static absl::StatusOr<std::unique_ptr<PostgresServer>> Start();
  // The one of this test program, made when it is first asked for. Ends the program where it cannot
  // be made.
  static PostgresServer& Shared();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // The folder of its socket.
  const std::string& socket() const { return folder_; }
  // Of the socket's name and of 127.0.0.1.
  int port() const { return port_; }
  // Who owns all databases; no password.
  std::string user() const { return "weir"; }

  // An empty database, which orders words as people do (and text as bytes only where told to).
  std::string NewDatabase();

  // As kill -9 of all of it would leave it.
  void Kill();
  // Again, after Kill.
  absl::Status StartAgain();
  // All its processes stop where they are, and go on.
  void Freeze();
  void Thaw();

 private:
  PostgresServer() = default;
  absl::Status MakeFolder();
  absl::Status Initialize();
  absl::Status WaitUntilReady();
  absl::Status Run(const std::string& database, const std::string& statement);
  // Of the server and its sessions.
  std::vector<pid_t> Processes() const;
  void Signal(int signal);

  std::string folder_;
  int port_ = 0;
  pid_t server_ = -1;
  int databases_ = 0;
};

}  // namespace weir::testing
