#include "services/guardrails/placeholder_numbers.h"

#include <algorithm>
#include <utility>

#include "common/text/placeholder.h"

namespace weir::guardrails {

void PlaceholderNumbers::Avoid(std::string_view text) {
  for (size_t at = text.find('['); at != std::string_view::npos; at = text.find('[', at + 1)) {
    text::PlaceholderRead read = text::ReadPlaceholder(text.substr(at), true);
    if (read.kind == text::PlaceholderRead::Kind::kFound)
      avoided_.insert(std::move(read.canonical));
  }
}

void PlaceholderNumbers::BeginAbove(std::string_view type, int number) {
  taken_.insert_or_assign(std::string(type), number);
}

PlaceholderNumbers::OfType& PlaceholderNumbers::Of(std::string_view type) {
  auto found = types_.find(type);
  if (found == types_.end()) {
    found = types_.emplace(type, OfType()).first;
    kept_ += kRoomOfType;
  }
  const auto taken = taken_.find(type);
  if (taken != taken_.end()) found->second.last = std::max(found->second.last, taken->second);
  return found->second;
}

std::string PlaceholderNumbers::For(std::string_view type, std::string_view value) {
  if (!types_.contains(type) && !HasRoom(kRoomOfType + 1)) return "";
  OfType& its = Of(type);
  if (const auto known = its.given.find(value); known != its.given.end()) {
    return text::FormatPlaceholder(type, known->second);
  }
  while (HasRoom(1) && its.last < text::kMostPlaceholders) {
    std::string placeholder = text::FormatPlaceholder(type, ++its.last);
    if (avoided_.contains(placeholder)) continue;
    its.given.emplace(value, its.last);
    ++kept_;
    return placeholder;
  }
  return "";
}

void PlaceholderNumbers::Continue(Types types) {
  types_ = std::move(types);
  kept_ = 0;
  for (const auto& [type, its] : types_) kept_ += kRoomOfType + its.given.size();
  kept_ = std::min(kept_, room_);
}

}  // namespace weir::guardrails
