#pragma once

#include <string_view>

namespace weir::cache {

// The files of services/cache/model, in the program itself: they are where it is.
struct EmbeddedModel {
  std::string_view table;      // model.safetensors
  std::string_view tokenizer;  // tokenizer.json
  std::string_view weights;    // idf.json
  std::string_view verifier;   // verifier.json
};
EmbeddedModel GetEmbeddedModel();

}  // namespace weir::cache
