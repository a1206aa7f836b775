#pragma once

#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/api/guardrails.h"
#include "common/text/ascii.h"
#include "common/text/placeholder.h"

namespace weir::edge::testing {

// Guardrails that know words: one with an '@' is an address and is masked, "forbidden" blocks. A
// word is letters, digits and "@._%+-", "sesame" is a secret; of a stream the last one is held back
// until it ends. What was asked is kept.
class FakeGuardrails final : public api::Guardrails {
 public:
  asio::awaitable<absl::StatusOr<guardrails::v1::InspectResponse>> Inspect(
      api::CallContext, guardrails::v1::InspectRequest request) override {
    asked.push_back(request);
    while (holds_back) co_await Pause();
    if (!failure.ok()) co_return failure;
    if (answer) co_return *answer;
    co_return Judge(request);
  }

  asio::awaitable<absl::StatusOr<guardrails::v1::InspectDeltaResponse>> InspectDelta(
      api::CallContext, guardrails::v1::InspectDeltaRequest request) override {
    if (keeps_deltas) deltas.push_back(request);
    ++delta_calls;
    if (!failure.ok() && delta_calls > good_deltas) co_return failure;
    co_return JudgeDelta(request);
  }

  std::shared_ptr<api::GuardrailsEvents> Watch(guardrails::v1::WatchRequest,
                                               asio::any_io_executor executor) override {
    ++watches;
    if (!has_table) return events_.Subscribe(std::move(executor));
    return events_.Subscribe(std::move(executor), {TableEvent()});
  }
  ~FakeGuardrails() override { events_.Close(); }
  // Hands the table, or another event, to whoever watches.
  void Publish() { events_.Publish(TableEvent()); }
  void Beat() {
    auto event = std::make_shared<guardrails::v1::WatchEvent>();
    event->set_heartbeat(table.version());
    events_.Publish(event);
  }
  void EndWatches() { events_.Close(); }

  // What it makes of a text that comes whole.
  static std::string Masked(std::string_view text) {
    std::string masked;
    while (!text.empty()) {
      const size_t size = WordSize(text);
      masked += size == 0 ? text.substr(0, 1) : MaskedWord(text.substr(0, size));
      text.remove_prefix(size == 0 ? 1 : size);
    }
    return masked;
  }

  absl::Status failure = absl::OkStatus();
  std::optional<guardrails::v1::InspectResponse> answer;
  std::vector<guardrails::v1::InspectRequest> asked;
  std::vector<guardrails::v1::InspectDeltaRequest> deltas;
  bool keeps_deltas = true;
  int delta_calls = 0;
  bool notes_addresses = false;  // As findings of deltas.
  int good_deltas = 0;           // So many deltas come before the failure.
  bool holds_back = false;       // Inspect does not answer while it is set.
  guardrails::v1::PolicyTable table;
  bool has_table = true;  // Whoever watches gets it at once.
  int watches = 0;

 private:
  Broadcaster<api::GuardrailsEvent> events_;

  api::GuardrailsEvent TableEvent() const {
    auto event = std::make_shared<guardrails::v1::WatchEvent>();
    *event->mutable_table() = table;
    return event;
  }
  static asio::awaitable<void> Pause() {
    asio::steady_timer wait(co_await asio::this_coro::executor, std::chrono::milliseconds(1));
    co_await wait.async_wait(kTuple);
  }

  static constexpr std::string_view kMask = "[EMAIL]";

  static bool IsWordByte(char c) {
    return text::IsAlnum(c) || std::string_view("@._%+-").find(c) != std::string_view::npos;
  }
  static size_t WordSize(std::string_view text) {
    size_t size = 0;
    while (size < text.size() && IsWordByte(text[size])) ++size;
    return size;
  }
  static bool IsAddress(std::string_view word) { return word.find('@') != std::string_view::npos; }
  static std::string_view MaskedWord(std::string_view word) {
    return IsAddress(word) ? kMask : word;
  }
  static void AddBlock(google::protobuf::RepeatedPtrField<guardrails::v1::Finding>& findings) {
    auto& shadow = *findings.Add();
    shadow.set_policy("tried out");
    shadow.set_action("block");
    shadow.set_shadow(true);
    auto& finding = *findings.Add();
    finding.set_policy("words");
    finding.set_rule("no forbidden ones");
    finding.set_action("block");
  }

  static guardrails::v1::InspectResponse Judge(const guardrails::v1::InspectRequest& request) {
    guardrails::v1::InspectResponse judged;
    judged.set_verdict(guardrails::v1::VERDICT_ALLOW);
    judged.set_policy_version(7);
    const bool to_provider = request.direction() == guardrails::v1::DIRECTION_REQUEST;
    std::map<std::string, int> numbers;
    for (int i = 0; i < request.parts_size(); ++i) {
      const std::string_view text = request.parts(i).text();
      for (size_t at = 0; at < text.size();) {
        const size_t size = WordSize(text.substr(at));
        const std::string word(text.substr(at, size));
        if (word == "forbidden") {
          judged.set_verdict(guardrails::v1::VERDICT_BLOCK);
          AddBlock(*judged.mutable_findings());
          return judged;
        }
        if (word == "sesame") judged.set_never_cache(true);
        if (IsAddress(word)) {
          judged.set_verdict(guardrails::v1::VERDICT_EDIT);
          auto& edit = *judged.add_edits();
          edit.set_part(static_cast<uint32_t>(i));
          edit.set_offset(static_cast<uint32_t>(at));
          edit.set_length(static_cast<uint32_t>(size));
          const int number =
              numbers.try_emplace(word, static_cast<int>(numbers.size()) + 1).first->second;
          edit.set_replacement(to_provider ? text::FormatPlaceholder("EMAIL", number)
                                           : std::string(kMask));
          edit.set_restore(to_provider);
        }
        at += size == 0 ? 1 : size;
      }
    }
    return judged;
  }

  guardrails::v1::InspectDeltaResponse JudgeDelta(
      const guardrails::v1::InspectDeltaRequest& request) const {
    guardrails::v1::InspectDeltaResponse judged;
    judged.set_verdict(guardrails::v1::VERDICT_ALLOW);
    // The state: 'S', and the word that has not ended.
    std::string open = request.state().empty() ? "" : request.state().substr(1);
    std::string& release = *judged.mutable_release();
    const auto settle = [this, &open, &release, &judged] {
      if (open == "sesame") judged.add_findings()->set_entity_type("SECRET");
      if (notes_addresses && IsAddress(open)) judged.add_findings()->set_entity_type("EMAIL");
      if (open == "forbidden") {
        judged.set_verdict(guardrails::v1::VERDICT_BLOCK);
        AddBlock(*judged.mutable_findings());
      }
      release += MaskedWord(open);
      open.clear();
    };
    for (const char c : request.delta()) {
      if (IsWordByte(c)) {
        open.push_back(c);
        continue;
      }
      settle();
      release.push_back(c);
    }
    if (request.last()) settle();
    judged.set_state("S" + open);
    return judged;
  }
};

}  // namespace weir::edge::testing
