// What judging costs: a prompt of 4 KiB by common policies, a piece of a stream, policies that were
// not asked together before.
#include <benchmark/benchmark.h>

#include <string>

#include "services/guardrails/delta_inspection.h"
#include "services/guardrails/inspection.h"
#include "services/guardrails/policies_for_test.h"
#include "services/guardrails/policy_union.h"

namespace weir::guardrails {
namespace {

constexpr std::string_view kProse =
    "The committee met on Tuesday to discuss the plan, and nobody could say when the bridge would "
    "be open again; it has been closed since 2019. ";
const crypto::Hmac& Key() {
  static const crypto::Hmac kKey("key");
  return kKey;
}

CompiledPolicyList Presets(std::initializer_list<std::string_view> presets) {
  PatternPool patterns;
  CompiledPolicyList policies;
  for (const std::string_view each : presets) {
    policies.push_back(CompilePolicy(PresetPolicy(each), patterns));
  }
  return policies;
}

void Prompt(benchmark::State& state, CompiledPolicyList policies) {
  PolicyUnion together(std::move(policies));
  v1::InspectRequest request;
  request.set_direction(v1::DIRECTION_REQUEST);
  std::string& text = *request.add_parts()->mutable_text();
  while (text.size() < 4096) text += kProse;
  text += "ann@example.com";
  for (auto _ : state) benchmark::DoNotOptimize(InspectParts(request, together, Key()));
}

void Piece(benchmark::State& state) {
  PolicyUnion together(Presets({"wso2-pii-masking"}));
  const auto rules =
      *together.For({.direction = v1::DIRECTION_RESPONSE, .path = "", .role = "assistant"});
  v1::InspectDeltaRequest request;
  request.set_delta(" bridge");
  DeltaState stream;
  for (auto _ : state) {
    absl::StatusOr<DeltaState> opened = stream;
    if (!stream.replacing.empty()) opened = OpenState(SealState(stream, "s", Key()), "s", Key());
    stream = InspectPiece(request, *rules, *std::move(opened), Key())->state;
  }
}

void NewCombination(benchmark::State& state) {
  const CompiledPolicyList policies = Presets({"wso2-pii-masking", "secure-llm-gateway"});
  for (auto _ : state) {
    PolicyUnion together(policies);
    benchmark::DoNotOptimize(
        together.For({.direction = v1::DIRECTION_REQUEST, .path = "", .role = "user"}));
  }
}

BENCHMARK_CAPTURE(Prompt, pii, Presets({"wso2-pii-masking"}));
BENCHMARK_CAPTURE(Prompt, pii_and_injection, Presets({"wso2-pii-masking", "injection"}));
BENCHMARK_CAPTURE(Prompt, secure_llm_gateway, Presets({"secure-llm-gateway"}));
BENCHMARK(Piece);
BENCHMARK(NewCombination);

}  // namespace
}  // namespace weir::guardrails
