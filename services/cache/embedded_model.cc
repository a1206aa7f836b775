#include "services/cache/embedded_model.h"

// The assembler copies each file as it is; CMake hands in their folder, and builds this anew when
// one of them changes.
#define WEIR_FILE(name, file)                                                \
  asm(".section .rodata.weir_model,\"a\",@progbits\n"                        \
      ".balign 64\n"                                                         \
      ".hidden weir_model_" #name                                            \
      "\n"                                                                   \
      ".global weir_model_" #name                                            \
      "\n"                                                                   \
      "weir_model_" #name                                                    \
      ":\n"                                                                  \
      ".incbin \"" WEIR_MODEL_FOLDER "/" file                                \
      "\"\n"                                                                 \
      ".hidden weir_model_" #name                                            \
      "_end\n"                                                               \
      ".global weir_model_" #name                                            \
      "_end\n"                                                               \
      "weir_model_" #name                                                    \
      "_end:\n"                                                              \
      ".byte 0\n"                                                            \
      ".text\n");                                                            \
  extern "C" {                                                               \
  [[gnu::visibility("hidden")]] extern const char weir_model_##name[];       \
  [[gnu::visibility("hidden")]] extern const char weir_model_##name##_end[]; \
  }

WEIR_FILE(table, "model.safetensors")
WEIR_FILE(tokenizer, "tokenizer.json")
WEIR_FILE(weights, "idf.json")
WEIR_FILE(verifier, "verifier.json")

namespace weir::cache {

EmbeddedModel GetEmbeddedModel() {
  return {.table = {weir_model_table, weir_model_table_end},
          .tokenizer = {weir_model_tokenizer, weir_model_tokenizer_end},
          .weights = {weir_model_weights, weir_model_weights_end},
          .verifier = {weir_model_verifier, weir_model_verifier_end}};
}

}  // namespace weir::cache
