#include "edge/dialects/texts/stream_restorer.h"

#include <any>
#include <memory>
#include <utility>

namespace weir::edge::texts {

absl::StatusOr<std::string> StreamRestorer::Round(std::string events, bool is_end) {
  WEIR_RETURN_IF_ERROR(rewriter_.Read(std::move(events), is_end));
  for (StreamRewriter::Piece& each : rewriter_.pieces()) {
    if (each.is_first) each.state() = std::make_shared<text::Restorer>(values_);
    const auto& restorer = std::any_cast<const std::shared_ptr<text::Restorer>&>(each.state());
    each.release = restorer->Feed(each.delta, each.is_last);
  }
  return rewriter_.Write();
}

}  // namespace weir::edge::texts
