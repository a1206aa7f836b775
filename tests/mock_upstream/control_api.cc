#include "tests/mock_upstream/control_api.h"

#include <fmt/format.h>

#include <charconv>

#include "tests/mock_upstream/json_text.h"
#include "tests/mock_upstream/ledger_json.h"

namespace weir::mock {
namespace {

using boost::beast::http::verb;

constexpr size_t kDefaultLimit = 100;
constexpr std::string_view kDone = R"({"ok":true})";

ControlApi::Answer Error(int status, std::string_view message) {
  return {.status = status, .json = fmt::format(R"({{"error":{}}})", Json(message))};
}

ControlApi::Answer ErrorFrom(const absl::Status& status) {
  const auto message = status.message();
  return Error(400, {message.data(), message.size()});
}

}  // namespace

ControlApi::Answer ControlApi::Handle(verb method, std::string_view target, std::string_view body) {
  const size_t mark = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, mark);
  const bool get = method == verb::get;
  const bool clear = method == verb::delete_;
  if (path == "/healthz" && get) return {.json = R"({"status":"ok"})"};
  if (path == "/ledger" && get) return {.json = LedgerJson(core_->ledger.sums())};
  if (path == "/requests" && get) return Requests(target.substr(mark));
  if (path == "/open" && get) return Open();
  if (path == "/behaviour" && method == verb::post) return SetBehaviour(body);
  if (path == "/behaviour" && clear) {
    core_->behaviours.Reset();
    return {.json = std::string(kDone)};
  }
  if (path == "/ledger" && clear) {
    core_->ledger.Reset();
    return {.json = std::string(kDone)};
  }
  for (std::string_view known : {"/healthz", "/ledger", "/requests", "/open", "/behaviour"}) {
    if (path == known) return Error(405, "no such method here, see README.md");
  }
  return Error(404, fmt::format("no such path: {}", path));
}

ControlApi::Answer ControlApi::SetBehaviour(std::string_view json) {
  absl::StatusOr<Behaviour> behaviour = ParseBehaviour(json);
  if (!behaviour.ok()) return ErrorFrom(behaviour.status());
  if (absl::Status set = core_->behaviours.Set(*std::move(behaviour)); !set.ok()) {
    return ErrorFrom(set);
  }
  return {.json = std::string(kDone)};
}

ControlApi::Answer ControlApi::Requests(std::string_view query) const {
  constexpr std::string_view kLimit = "?limit=";
  size_t limit = kDefaultLimit;
  if (!query.empty()) {
    const char* end = query.data() + query.size();
    if (!query.starts_with(kLimit)) return Error(400, "the query: want ?limit=N");
    const auto read = std::from_chars(query.data() + kLimit.size(), end, limit);
    if (read.ec != std::errc() || read.ptr != end) return Error(400, "limit: want a whole number");
  }
  return {.json = RequestsJson(core_->ledger.Last(limit))};
}

ControlApi::Answer ControlApi::Open() const {
  int64_t connections = 0;
  for (const auto& loop : core_->loops) connections += loop->connection_count;
  return {.json =
              fmt::format(R"({{"open":{},"connections":{}}})", core_->ledger.open(), connections)};
}

}  // namespace weir::mock
