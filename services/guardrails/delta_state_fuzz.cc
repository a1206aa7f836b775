// Any bytes as the state of a stream: refused, or gone on from without harm.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "services/guardrails/delta_inspection.h"
#include "services/guardrails/policies_for_test.h"
#include "services/guardrails/policy_union.h"

namespace weir::guardrails {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

const PartRules& TestRules() {
  static const std::shared_ptr<const PartRules> kRules = [] {
    PatternPool patterns;
    const auto policy = CompilePolicy(
        PolicyOf("all", {EntityRule("mask", "mask", {}), DenyRule("words", "block", {"blue bird"}),
                         PatternRule("staff", "block", "STAFF", "EMP-[0-9]{3}"),
                         PatternRule("told", "flag", "TOLD", "[a-z]{3,9}!")}),
        patterns);
    Require(policy->fault.empty());
    PolicyUnion policies({policy});
    return *policies.For({.direction = v1::DIRECTION_RESPONSE, .path = "", .role = ""});
  }();
  return *kRules;
}

void GoOnFrom(std::string_view bytes, std::string_view text) {
  static const crypto::Hmac kKey("key");
  absl::StatusOr<DeltaState> state = DecodeState(bytes);
  if (!state.ok()) return;
  Require(DecodeState(EncodeState(*state)).ok());
  for (const bool is_last : {false, true}) {
    v1::InspectDeltaRequest request;
    request.set_delta(std::string(text));
    request.set_last(is_last);
    auto inspected = InspectPiece(request, TestRules(), *state, kKey);
    if (!inspected.ok()) return;
    *state = inspected->state;
  }
}

}  // namespace
}  // namespace weir::guardrails

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data + 1), size - 1);
  const size_t cut = std::min<size_t>(data[0], all.size());
  weir::guardrails::GoOnFrom(all.substr(cut), all.substr(0, cut));
  static const weir::crypto::Hmac kSeals("key");
  static_cast<void>(weir::guardrails::OpenState(all, "stream", kSeals));
  return 0;
}
