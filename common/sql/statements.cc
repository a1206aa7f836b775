#include "common/sql/statements.h"

#include <algorithm>

namespace weir::sql {

size_t SkipQuoted(std::string_view text, size_t begin) {
  const char first = text[begin];
  if (first == '\'' || first == '"') {
    const size_t end = text.find(first, begin + 1);
    return end == std::string_view::npos ? text.size() : end + 1;
  }
  if (text.substr(begin).starts_with("--")) {
    const size_t end = text.find('\n', begin);
    return end == std::string_view::npos ? text.size() : end + 1;
  }
  return begin;
}

namespace {

bool IsBlank(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (std::string_view(" \t\r\n").find(text[i]) != std::string_view::npos) {
      ++i;
    } else if (text.substr(i).starts_with("--")) {
      i = SkipQuoted(text, i);
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

std::vector<std::string_view> SplitStatements(std::string_view text) {
  std::vector<std::string_view> statements;
  size_t begin = 0;
  const auto add = [&](size_t end) {
    const std::string_view each = text.substr(begin, end - begin);
    if (!IsBlank(each)) statements.push_back(each);
    begin = end + 1;
  };
  for (size_t i = 0; i < text.size();) {
    const size_t skipped = SkipQuoted(text, i);
    if (skipped == i && text[i] == ';') add(i);
    i = std::max(skipped, i + 1);
  }
  if (begin < text.size()) add(text.size());
  return statements;
}

}  // namespace weir::sql
