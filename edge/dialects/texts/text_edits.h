#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"
#include "common/text/placeholder.h"
#include "edge/dialects/texts/json_texts.h"
#include "weir/guardrails/v1/guardrails.pb.h"

namespace weir::edge::texts {

using Edits = google::protobuf::RepeatedPtrField<guardrails::v1::Edit>;

// A body as the guardrails want it.
struct EditedBody {
  std::string bytes;
  // What is put back into the answer. Has values: not for logs.
  text::PlaceholderMap values;
};

// The body with `edits`; `parts` says which text an edit's part is. kInternal: an edit is none of
// these texts, overlaps another, is out of order or splits a character, or puts back what is no
// placeholder.
absl::StatusOr<EditedBody> ApplyEdits(std::string_view body, const JsonTexts& texts,
                                      const std::vector<size_t>& parts, const Edits& edits,
                                      bool drops_logprobs);

// The texts of `edits` alone, as they become; `parts` and errors as above.
absl::StatusOr<std::vector<TextChange>> ChangedTexts(const JsonTexts& texts,
                                                     const std::vector<size_t>& parts,
                                                     const Edits& edits);

// The highest number of a placeholder of each type that `edits` put in.
std::map<std::string, uint32_t> NumbersTaken(const Edits& edits);

// The body with the values of `values` in the place of their placeholders.
std::string Restored(std::string_view body, const JsonTexts& texts,
                     const text::PlaceholderMap& values);

}  // namespace weir::edge::texts
