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

std::string PlaceholderNumbers::For(Entity entity, std::string_view value) {
  const auto type = static_cast<size_t>(entity);
  if (const auto known = given_[type].find(value); known != given_[type].end()) {
    return known->second;
  }
  while (last_[type] < text::kMostPlaceholders) {
    std::string placeholder = text::FormatPlaceholder(PlaceholderType(entity), ++last_[type]);
    if (avoided_.contains(placeholder)) continue;
    given_[type].emplace(value, placeholder);
    return placeholder;
  }
  return "";
}

}  // namespace weir::guardrails
