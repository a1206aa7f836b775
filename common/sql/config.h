#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/config/reader.h"
#include "common/sql/database.h"
#include "common/sql/doorbell.h"
#include "common/time/clock.h"

namespace weir::sql {

enum class StoreKind {
  kSqlite,    // Files under the data directory, of one process.
  kPostgres,  // A server, which the replicas of a service share.
};
enum class TlsMode {
  kAuto,  // Off for a Unix socket and on loopback, else as kVerifyFull.
  kOff,
  kVerifyFull,  // The server's certificate must be of `tls_ca` and of the host's name.
};

// The `database` section: where lies what must last. Read once at start.
struct DatabaseConfig {
  StoreKind kind = StoreKind::kSqlite;
  // HOST:PORT, or the folder of a Unix socket (absolute), with :PORT where it is not 5432. What
  // follows is of PostgreSQL too.
  std::string address;
  std::string name = "weir";
  std::string user = "weir";
  config::Secret password;
  TlsMode tls = TlsMode::kAuto;
  std::string tls_ca;   // PEM; empty: the system's.
  int connections = 4;  // Of each service of the process, at most; one more listens. 2 to 100.
  Duration connect_timeout = std::chrono::seconds(3);     // 100ms to 30s.
  Duration wait_timeout = std::chrono::seconds(5);        // 100ms to 60s.
  Duration statement_timeout = std::chrono::seconds(30);  // wait_timeout to 10m.

  // kInvalidArgument: every fault, by key.
  absl::Status Validate() const;
};

// Form and type; what values may be, Validate says.
void ReadDatabase(config::Reader& section, DatabaseConfig& settings);

// The database of a component ("identity"): the file DATA_DIRECTORY/COMPONENT.db, or the server's.
// kUnavailable: it cannot be opened now.
absl::StatusOr<std::unique_ptr<Database>> OpenDatabase(const DatabaseConfig& config,
                                                       const std::string& component,
                                                       const std::string& data_directory);

// What others commit there, of all components.
std::unique_ptr<Doorbell> OpenDoorbell(const DatabaseConfig& config, Doorbell::Ring ring,
                                       Doorbell::Listens listens = {});

}  // namespace weir::sql
