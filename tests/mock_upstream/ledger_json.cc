#include "tests/mock_upstream/ledger_json.h"

#include <fmt/format.h>

#include <boost/algorithm/string/predicate.hpp>
#include <string_view>
#include <utility>

#include "tests/mock_upstream/json_text.h"

namespace weir::mock {
namespace {

std::string TotalsMembers(const Totals& totals) {
  return fmt::format(R"("requests":{},"finished":{},"aborted":{},"dropped":{},"errors":{},)"
                     R"("prompt_tokens":{},"completion_tokens":{},)"
                     R"("aborted_prompt_tokens":{},"aborted_completion_tokens":{},)"
                     R"("dropped_prompt_tokens":{},"dropped_completion_tokens":{})",
                     totals.requests, totals.finished, totals.aborted, totals.dropped,
                     totals.errors, totals.finished_tokens.prompt,
                     totals.finished_tokens.completion, totals.aborted_tokens.prompt,
                     totals.aborted_tokens.completion, totals.dropped_tokens.prompt,
                     totals.dropped_tokens.completion);
}

// The next line of `head`, without its end; `head` moves behind it.
std::string_view TakeLine(std::string_view& head) {
  const size_t end = head.find("\r\n");
  const std::string_view line = head.substr(0, end);
  head.remove_prefix(end == head.npos ? head.size() : end + 2);
  return line;
}

std::string_view Trimmed(std::string_view text) {
  const size_t from = text.find_first_not_of(" \t");
  if (from == text.npos) return {};
  return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

struct Head {
  std::string_view method, target;
  std::vector<std::pair<std::string_view, std::string_view>> headers;
};

Head ReadHead(std::string_view text) {
  Head head;
  const std::string_view start = TakeLine(text);
  const size_t first = std::min(start.find(' '), start.size());
  head.method = start.substr(0, first);
  const std::string_view rest = Trimmed(start.substr(first));
  head.target = rest.substr(0, rest.find(' '));
  while (!text.empty()) {
    const std::string_view line = TakeLine(text);
    const size_t colon = line.find(':');
    if (colon == line.npos) continue;
    head.headers.emplace_back(line.substr(0, colon), Trimmed(line.substr(colon + 1)));
  }
  return head;
}

std::string HeadersJson(const Head& head) {
  std::string pairs;
  for (const auto& [name, value] : head.headers) {
    pairs += fmt::format("{}[{},{}]", pairs.empty() ? "" : ",", Json(name), Json(value));
  }
  return pairs;
}

// The caller's own id for the request, if it sent one.
std::string CorrelationJson(const Head& head) {
  for (const auto& [name, value] : head.headers) {
    if (boost::algorithm::iequals(name, "x-request-id")) return Json(value);
  }
  return "null";
}

std::string EntryJson(const LoggedRequest& entry) {
  const Head head = ReadHead(entry.head);
  return fmt::format(
      R"({{"serial":{},"correlation":{},"method":{},"target":{},"headers":[{}],"body":{},)"
      R"("body_cut":{},"model":{},"started_at_us":{},"finished_at_us":{},"outcome":"{}",)"
      R"("status":{},"prompt_tokens":{},"completion_tokens":{},"frames_sent":{}}})",
      entry.serial, CorrelationJson(head), Json(head.method), Json(head.target), HeadersJson(head),
      Json(entry.body), entry.body_cut, Json(entry.model), entry.started_at_us,
      entry.finished_at_us, OutcomeName(entry.outcome), entry.status, entry.tokens.prompt,
      entry.tokens.completion, entry.frames_sent);
}

}  // namespace

std::string LedgerJson(const Ledger::Sums& sums) {
  std::string models;
  for (const auto& [model, totals] : sums.by_model) {
    models +=
        fmt::format("{}{}:{{{}}}", models.empty() ? "" : ",", Json(model), TotalsMembers(totals));
  }
  return fmt::format(R"({{{},"by_model":{{{}}}}})", TotalsMembers(sums.all), models);
}

std::string RequestsJson(const std::vector<LoggedRequest>& requests) {
  std::string entries;
  for (const LoggedRequest& entry : requests) {
    if (!entries.empty()) entries += ',';
    entries += EntryJson(entry);
  }
  return fmt::format(R"({{"requests":[{}]}})", entries);
}

}  // namespace weir::mock
