#include "tests/mock_upstream/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/status.hpp>

#include "tests/mock_upstream/gzip.h"
#include "tests/mock_upstream/json_text.h"

namespace weir::mock {
namespace {

std::string_view Reason(int status) {
  const auto known = boost::beast::http::int_to_status(static_cast<unsigned>(status));
  const auto reason = boost::beast::http::obsolete_reason(known);
  return {reason.data(), reason.size()};
}

std::string_view ErrorType(int status) {
  if (status == 429) return "requests";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

std::string ErrorJson(int status, std::string_view message, std::string_view code) {
  return fmt::format(R"({{"error":{{"message":{},"type":"{}","param":null,"code":{}}}}})",
                     Json(message), ErrorType(status), code.empty() ? "null" : Json(code));
}

}  // namespace

size_t Answer::FramesWithin(size_t bytes) const {
  return static_cast<size_t>(std::upper_bound(frame_ends.begin(), frame_ends.end(), bytes) -
                             frame_ends.begin());
}

int64_t Answer::CompletionTokens(size_t frames) const {
  if (frames_in_whole == 0) return 0;
  return usage.completion * static_cast<int64_t>(frames) / static_cast<int64_t>(frames_in_whole);
}

std::string AnswerHead(int status, std::string_view content_type, const Behaviour& behaviour) {
  std::string head =
      fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\n", status, Reason(status), content_type);
  if (behaviour.gzip) head += "Content-Encoding: gzip\r\n";
  if (!behaviour.retry_after.empty()) head += "Retry-After: " + behaviour.retry_after + "\r\n";
  for (const auto& [name, value] : behaviour.extra_headers) {
    head += fmt::format("{}: {}\r\n", name, value);
  }
  return head;
}

AnswerPtr WholeAnswer(int status, std::string body, Usage usage, const Behaviour& behaviour) {
  auto answer = std::make_shared<Answer>();
  if (behaviour.drop_before_answer) {
    answer->drop = true;
    return answer;
  }
  answer->status = status;
  answer->usage = usage;
  if (behaviour.malformed_json) body.resize(body.size() / 2);
  answer->body = behaviour.gzip ? Gzip(body) : std::move(body);
  answer->head = AnswerHead(status, "application/json", behaviour) +
                 fmt::format("Content-Length: {}\r\n", answer->body.size());
  if (behaviour.truncate_content_length) {
    answer->body.resize(answer->body.size() / 2);
    answer->drop = true;
  }
  return answer;
}

AnswerPtr ErrorAnswer(int status, std::string_view message, std::string_view code) {
  return WholeAnswer(status, ErrorJson(status, message, code), {}, Behaviour());
}

AnswerPtr ScriptedError(const Behaviour& behaviour) {
  const int status = behaviour.status;
  const std::string_view code = status == 429 ? "rate_limit_exceeded" : "";
  std::string body =
      behaviour.body.value_or(ErrorJson(status, fmt::format("scripted error {}", status), code));
  return WholeAnswer(status, std::move(body), {}, behaviour);
}

Usage BookedUsage(Usage counted, const Behaviour& behaviour) {
  if (behaviour.zero_usage) return {};
  if (!behaviour.usage) return counted;
  return {behaviour.usage->prompt.value_or(counted.prompt),
          behaviour.usage->completion.value_or(counted.completion)};
}

std::string UsageJson(Usage usage, const Behaviour& behaviour, bool with_completion) {
  const Usage reported = BookedUsage(usage, behaviour);
  int64_t total = reported.prompt + (with_completion ? reported.completion : 0);
  std::string_view others;
  if (behaviour.usage && !behaviour.zero_usage) {
    total = behaviour.usage->total.value_or(total);
    others = behaviour.usage->other_members;
  }
  const std::string completion =
      with_completion ? fmt::format(R"("completion_tokens":{},)", reported.completion) : "";
  return fmt::format(R"({{"prompt_tokens":{},{}"total_tokens":{}{}}})", reported.prompt, completion,
                     total, others);
}

}  // namespace weir::mock
