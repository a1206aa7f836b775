#include "common/sql/postgres_link.h"

#include <poll.h>

#include <cerrno>
#include <vector>

#include "common/sql/postgres_failure.h"
#include "common/text/ascii.h"
#include "common/text/excerpt.h"

namespace weir::sql {
namespace {

using Steady = std::chrono::steady_clock;

constexpr size_t kMessageExcerpt = 300;
// A network that swallows everything is noticed in so many milliseconds, whoever waits.
constexpr char kSilence[] = "5000";
constexpr char kSystemCertificates[] = "/etc/ssl/certs/ca-certificates.crt";

// Readiness of `socket` for `events`, at `end` none.
int PollUntil(int socket, short events, Steady::time_point end) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Steady::now()).count();
    pollfd waiting{.fd = socket, .events = events, .revents = 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::max<int64_t>(left, 0)));
    if (ready > 0) return waiting.revents;
    if (ready == 0) return 0;
    if (errno != EINTR) return POLLERR;
  }
}

// What the server is to do by itself where this process is gone, stopped or cut off.
std::string SessionSettings(const PostgresOptions& options) {
  return fmt::format(
      "-c lock_timeout={} -c statement_timeout={} -c idle_in_transaction_session_timeout={} "
      "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 "
      "-c tcp_user_timeout={}",
      options.wait_timeout.count(), options.statement_timeout.count(),
      2 * options.wait_timeout.count(), kSilence);
}

using Parameters = std::vector<std::pair<const char*, std::string>>;

Parameters ParametersOf(const PostgresOptions& options) {
  Parameters all = {
      {"host", options.host},
      {"port", fmt::format("{}", options.port)},
      {"dbname", options.database},
      {"user", options.user},
      {"password", options.password},
      {"passfile", "/dev/null/none"},
      {"sslmode", options.tls ? "verify-full" : "disable"},
      {"gssencmode", "disable"},
      {"client_encoding", "UTF8"},
      {"application_name", fmt::format("weir {}", options.component)},
      {"target_session_attrs", "read-write"},
      {"keepalives_idle", "5"},
      {"keepalives_interval", "1"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", kSilence},
      {"options", SessionSettings(options)},
  };
  if (options.tls) {
    all.emplace_back("sslrootcert",
                     options.ca_file.empty() ? kSystemCertificates : options.ca_file.c_str());
    all.emplace_back("ssl_min_protocol_version", "TLSv1.2");
  }
  return all;
}

PGconn* StartConnecting(const PostgresOptions& options) {
  const Parameters parameters = ParametersOf(options);
  std::vector<const char*> keys;
  std::vector<const char*> values;
  for (const auto& [key, value] : parameters) {
    keys.push_back(key);
    values.push_back(value.c_str());
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  return PQconnectStartParams(keys.data(), values.data(), /*expand_dbname=*/0);
}

// A line for each address that was tried, and hints below some of them, which go.
std::string MessageOf(PGconn* handle) {
  if (handle == nullptr) return "out of memory";
  std::string message;
  for (const std::string_view line : text::Split(PQerrorMessage(handle), '\n')) {
    if (line.empty() || line.starts_with('\t')) continue;
    message += fmt::format("{}{}", message.empty() ? "" : "; ", line);
  }
  return text::Excerpt(message, kMessageExcerpt);
}

bool IsFailure(const PGresult* result) {
  switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_PIPELINE_SYNC:
      return false;
    default:
      return true;
  }
}

// What was acknowledged must be there after a crash, whatever the server's default is.
constexpr std::string_view kDurably =
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off'";

}  // namespace

absl::StatusOr<std::unique_ptr<PostgresLink>> PostgresLink::Connect(
    const PostgresOptions& options) {
  std::unique_ptr<PostgresLink> link(new PostgresLink(StartConnecting(options)));
  const absl::Status connected = link->FinishConnecting(options.connect_timeout);
  WEIR_RETURN_IF_ERROR(status::While(connected, "connecting to the database '{}' at {}:{}",
                                     text::Excerpt(options.database), text::Excerpt(options.host),
                                     options.port));
  PQsetnonblocking(link->handle_, 1);
  WEIR_RETURN_IF_ERROR(link->Run(kDurably, options.connect_timeout).status());
  return link;
}

absl::Status PostgresLink::FinishConnecting(Wait wait) {
  if (handle_ == nullptr || PQstatus(handle_) == CONNECTION_BAD) {
    return status::Unavailable("{}", MessageOf(handle_));
  }
  // Notices go to stderr else, past the log.
  PQsetNoticeProcessor(handle_, [](void*, const char*) {}, nullptr);
  const Steady::time_point end = Steady::now() + wait;
  short events = POLLOUT;
  for (;;) {
    if (PollUntil(PQsocket(handle_), events, end) == 0) {
      return status::Unavailable("no answer within {} ms", wait.count());
    }
    switch (PQconnectPoll(handle_)) {
      case PGRES_POLLING_OK:
        return absl::OkStatus();
      case PGRES_POLLING_READING:
        events = POLLIN;
        break;
      case PGRES_POLLING_WRITING:
        events = POLLOUT;
        break;
      default:
        return status::Unavailable("{}", MessageOf(handle_));
    }
  }
}

absl::StatusOr<PostgresResult> PostgresLink::Run(std::string_view statements, Wait wait) {
  const std::string text(statements);
  return Answer(PQsendQuery(handle_, text.c_str()), statements, wait);
}

absl::StatusOr<PostgresResult> PostgresLink::Answer(int sent, std::string_view statement,
                                                    Wait wait) {
  if (sent != 1) return Lost("sending a statement");
  absl::Status failure = absl::OkStatus();
  PostgresResult last;
  for (;;) {
    WEIR_ASSIGN_OR_RETURN(PostgresResult result, Next(wait));
    if (result == nullptr) break;
    if (failure.ok() && IsFailure(result.get())) failure = Failure(result.get(), statement);
    last = std::move(result);
  }
  WEIR_RETURN_IF_ERROR(failure);
  if (last == nullptr) return Lost("reading a result");
  return last;
}

absl::StatusOr<PostgresResult> PostgresLink::Next(Wait wait) {
  WEIR_RETURN_IF_ERROR(WaitForResult(wait));
  return PostgresResult(PQgetResult(handle_));
}

absl::Status PostgresLink::WaitForResult(Wait wait) {
  const Steady::time_point end = Steady::now() + wait;
  for (;;) {
    const int left = PQflush(handle_);
    if (left < 0) return Lost("sending");
    if (left == 0 && PQisBusy(handle_) == 0) return absl::OkStatus();
    const int ready = PollUntil(PQsocket(handle_), left == 0 ? POLLIN : POLLIN | POLLOUT, end);
    if (ready == 0) {
      lost_ = true;
      return status::Unavailable("PostgreSQL gave no answer within {} ms", wait.count());
    }
    if ((ready & ~POLLOUT) != 0 && PQconsumeInput(handle_) == 0) return Lost("reading");
  }
}

bool PostgresLink::IsThere() {
  if (IsLost()) return false;
  if (PollUntil(PQsocket(handle_), POLLIN, Steady::now()) == 0) return true;
  // A result without a question, or the end: either way it is of no use. A mere notice is.
  return PQconsumeInput(handle_) == 1 && PQisBusy(handle_) == 0 && !IsLost() &&
         PollUntil(PQsocket(handle_), POLLIN, Steady::now()) == 0;
}

absl::Status PostgresLink::Lost(std::string_view doing) {
  lost_ = true;
  return status::Unavailable("the connection to PostgreSQL is lost: {}: {}", doing,
                             MessageOf(handle_));
}

absl::Status PostgresLink::Failure(const PGresult* result, std::string_view statement) {
  const PostgresFault fault = FaultOf(result, read_only_);
  may_run_again_ = fault.may_run_again;
  lost_ = lost_ || fault.ends_session || IsLost();
  return status::Make(
      fault.code, fmt::format("running '{}': {}", text::Excerpt(statement, 120), fault.message));
}

}  // namespace weir::sql
