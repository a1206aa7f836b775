#include "services/guardrails/placeholder_numbers.h"

#include "common/text/placeholder.h"

namespace weir::guardrails {

void PlaceholderNumbers::Avoid(std::string_view text) {
  for (size_t at = text.find('['); at != std::string_view::npos; at = text.find('[', at + 1)) {
    text::PlaceholderRead read = text::ReadPlaceholder(text.substr(at), true);
    if (read.kind == text::PlaceholderRead::Kind::kFound)
      avoided_.insert(std::move(read.canonical));
  }
}

std::string PlaceholderNumbers::For(std::string_view type, std::string_view value) {
  auto found = types_.find(type);
  if (found == types_.end()) found = types_.emplace(type, OfType()).first;
  OfType& its = found->second;
  if (const auto known = its.given.find(value); known != its.given.end()) return known->second;
  while (its.last < text::kMostPlaceholders) {
    std::string placeholder = text::FormatPlaceholder(type, ++its.last);
    if (avoided_.contains(placeholder)) continue;
    its.given.emplace(value, placeholder);
    return placeholder;
  }
  return "";
}

}  // namespace weir::guardrails
