#include "common/sql/config.h"

#include <optional>

#include "common/config/config_errors.h"
#include "common/text/excerpt.h"
#include "common/text/parse.h"

namespace weir::sql {
namespace {

using config::Reader;
using std::chrono::milliseconds;

constexpr int kDefaultPort = 5432;

struct Server {
  std::string host;  // Or the folder of a socket.
  int port = kDefaultPort;
};

// "db:5432", "[::1]:5432", "/run/postgresql", "/run/postgresql:5433".
std::optional<Server> ParseServer(std::string_view text) {
  const bool is_folder = text.starts_with('/');
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return is_folder ? std::optional(Server{std::string(text)}) : std::nullopt;
  }
  const std::optional<uint64_t> port = text::ParseUint64(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  if (!port || *port == 0 || *port > 65535 || host.empty()) return std::nullopt;
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!is_folder && !bracketed && host.find_first_of(":/") != std::string_view::npos) {
    return std::nullopt;
  }
  // libpq would take each for a server.
  if (host.empty() || host.find(',') != std::string_view::npos) return std::nullopt;
  return Server{std::string(host), static_cast<int>(*port)};
}

bool IsServer(std::string_view text) { return text.empty() || ParseServer(text).has_value(); }

bool StaysHere(std::string_view host) {
  return host.starts_with('/') || host == "localhost" || host == "::1" || host.starts_with("127.");
}

PostgresOptions OptionsOf(const DatabaseConfig& config, const std::string& component) {
  const Server server = ParseServer(config.address).value_or(Server{});
  const auto whole = [](Duration each) { return std::chrono::ceil<milliseconds>(each); };
  return {.host = server.host,
          .port = server.port,
          .database = config.name,
          .user = config.user,
          .password = config.password.Reveal(),
          .tls = config.tls == TlsMode::kVerifyFull ||
                 (config.tls == TlsMode::kAuto && !StaysHere(server.host)),
          .ca_file = config.tls_ca,
          .component = component,
          .connections = config.connections,
          .connect_timeout = whole(config.connect_timeout),
          .wait_timeout = whole(config.wait_timeout),
          .statement_timeout = whole(config.statement_timeout)};
}

void ReadTls(Reader& reader, DatabaseConfig& settings) {
  reader.Enum(
      "mode", &settings.tls,
      {{"auto", TlsMode::kAuto}, {"off", TlsMode::kOff}, {"verify-full", TlsMode::kVerifyFull}});
  reader.String("ca", &settings.tls_ca, {.want = "the path of a PEM file"});
}

}  // namespace

absl::Status DatabaseConfig::Validate() const {
  config::ConfigErrors errors("database");
  if (kind == StoreKind::kPostgres) {
    if (address.empty()) errors.Add("address", "is empty, but database.kind is postgres");
    errors.NotEmpty("name", name);
    errors.NotEmpty("user", user);
    if (tls == TlsMode::kVerifyFull && address.starts_with('/')) {
      errors.Add("tls.mode", "is verify-full, but database.address is a Unix socket");
    }
  }
  errors.InRange("connections", int64_t{connections}, 2, 100);
  errors.InRange("connect_timeout", connect_timeout, milliseconds(100), std::chrono::seconds(30));
  errors.InRange("wait_timeout", wait_timeout, milliseconds(100), std::chrono::seconds(60));
  errors.InRange("statement_timeout", statement_timeout, wait_timeout, std::chrono::minutes(10));
  return errors.ToStatus();
}

void ReadDatabase(Reader& section, DatabaseConfig& settings) {
  section.Enum("kind", &settings.kind,
               {{"sqlite", StoreKind::kSqlite}, {"postgres", StoreKind::kPostgres}});
  section.String("address", &settings.address,
                 {.want = "HOST:PORT, or the folder of a Unix socket", .accept = IsServer});
  section.String("name", &settings.name);
  section.String("user", &settings.user);
  section.Secret("password", &settings.password);
  section.Section("tls", &settings, ReadTls);
  section.Int("connections", &settings.connections);
  section.Duration("connect_timeout", &settings.connect_timeout);
  section.Duration("wait_timeout", &settings.wait_timeout);
  section.Duration("statement_timeout", &settings.statement_timeout);
}

absl::StatusOr<std::unique_ptr<Database>> OpenDatabase(const DatabaseConfig& config,
                                                       const std::string& component,
                                                       const std::string& data_directory) {
  if (config.kind == StoreKind::kPostgres) return OpenPostgres(OptionsOf(config, component));
  return OpenSqlite({.path = fmt::format("{}/{}.db", data_directory, component)});
}

std::unique_ptr<Doorbell> OpenDoorbell(const DatabaseConfig& config, Doorbell::Ring ring,
                                       Doorbell::Listens listens) {
  if (config.kind == StoreKind::kPostgres) {
    return ListenPostgres(OptionsOf(config, "doorbell"), std::move(ring), std::move(listens));
  }
  return SilentDoorbell();
}

}  // namespace weir::sql
