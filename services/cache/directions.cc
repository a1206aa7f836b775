#include "services/cache/directions.h"

#include <utility>

#include "services/cache/embedded_model.h"

namespace weir::cache {

BuiltInModel::BuiltInModel(std::unique_ptr<StaticEmbedder> embedder, StemWeights weights,
                           Verifier verifier)
    : embedder_(std::move(embedder)),
      weights_(std::move(weights)),
      verifier_(std::move(verifier)) {}

absl::StatusOr<std::unique_ptr<BuiltInModel>> BuiltInModel::Load() {
  const EmbeddedModel files = GetEmbeddedModel();
  WEIR_ASSIGN_OR_RETURN(std::unique_ptr<StaticEmbedder> embedder,
                        StaticEmbedder::Make(files.table, files.tokenizer));
  WEIR_ASSIGN_OR_RETURN(StemWeights weights, StemWeights::Parse(files.weights));
  WEIR_ASSIGN_OR_RETURN(Verifier verifier, Verifier::Parse(files.verifier));
  return std::unique_ptr<BuiltInModel>(
      new BuiltInModel(std::move(embedder), std::move(weights), std::move(verifier)));
}

Judge BuiltInModel::MakeJudge(bool gate) const {
  return Judge({.weights = &weights_,
                .verifier = gate ? &verifier_ : nullptr,
                .embedder = gate ? embedder_.get() : nullptr});
}

}  // namespace weir::cache
