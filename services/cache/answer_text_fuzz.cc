#include <cstddef>
#include <cstdint>

#include "services/cache/answer_text.h"
#include "services/cache/exact_text.h"

// Whatever a provider answers, and whatever is asked.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weir::cache::v1::Recording recording;
  recording.set_body(std::string(reinterpret_cast<const char*>(data), size));
  if (weir::cache::AnswerKey(recording) != weir::cache::AnswerKey(recording)) __builtin_trap();
  const std::string folded = weir::cache::FoldedText(recording.body());
  if (weir::cache::FoldedText(folded) != folded) __builtin_trap();
  return 0;
}
