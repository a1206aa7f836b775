#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::guardrails {

// Who wrote a text.
enum class Provenance : uint8_t {
  kSystem,  // The application's owner: what it says is what is wanted.
  kUser,
  kTool,  // What a tool or a retrieval returned: it has no orders to give.
  kAssistant,
  kUnknown,
};

struct InjectionVerdict {
  double score = 0;  // 0 to 1; from 0.8 on little else is written like that.
  // Of what tells most of it: "override", "persona", "extraction", "format", "tool-order",
  // "exfiltration", "encoded", "hidden", "wording". Empty: nothing does.
  std::string_view family;
  size_t offset = 0;  // Bytes of the text: where that stands.
  size_t length = 0;
};

// Whether a text tries to give the model other orders than those it has, or to get at them. Read as
// it looks (NormalisedText), also where it is written in leet, letter by letter, in base64 or with
// characters that nobody sees. What is quoted and asked about counts less, what stands where no
// orders are expected more. The score is that of its worst 45 words. Linear; thread-safe.
InjectionVerdict JudgeInjection(std::string_view text, Provenance who);

}  // namespace weir::guardrails
