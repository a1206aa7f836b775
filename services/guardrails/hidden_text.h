#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir::guardrails {

// A text within a text.
struct InnerText {
  std::string text;
  size_t offset = 0;  // Bytes of the outer text, where it stands.
  size_t length = 0;
};

// What is written with characters that nobody sees: tags (U+E0020 to U+E007E, flags of regions
// apart), and bytes as variation selectors, eight or more of either in a row. Linear; together no
// longer than `text`.
std::vector<InnerText> HiddenTexts(std::string_view text);

// What base64 of 24 characters or more stands for, where that is a text. Linear; together no longer
// than `text`.
std::vector<InnerText> Base64Texts(std::string_view text);

std::string Rot13(std::string_view text);

}  // namespace weir::guardrails
