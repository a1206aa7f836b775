#include "common/sql/postgres_schema.h"

#include <algorithm>

#include "common/sql/statements.h"
#include "common/text/ascii.h"

namespace weir::sql {
namespace {

bool IsWordCharacter(char c) { return c == '_' || text::IsAlnum(c); }

// The end of the word that begins at `begin`; `begin` where none does.
size_t WordEnd(std::string_view text, size_t begin) {
  while (begin < text.size() && IsWordCharacter(text[begin])) ++begin;
  return begin;
}

// Its first two words, in lower case.
std::string Kind(std::string_view statement) {
  std::string kind;
  for (size_t i = 0, words = 0; i < statement.size() && words < 2;) {
    const size_t skipped = SkipQuoted(statement, i);
    const size_t end = WordEnd(statement, i);
    if (skipped == i && end > i) {
      kind += text::ToLower(statement.substr(i, end - i)) + ' ';
      ++words;
    }
    i = std::max({skipped, end, i + 1});
  }
  return kind;
}

}  // namespace

std::string WithByteOrder(std::string_view statement) {
  const std::string kind = Kind(statement);
  if (kind != "create table " && kind != "alter table ") return std::string(statement);
  std::string changed;
  for (size_t i = 0; i < statement.size();) {
    const size_t skipped = SkipQuoted(statement, i);
    const size_t end = skipped == i ? std::max(WordEnd(statement, i), i + 1) : skipped;
    const std::string_view piece = statement.substr(i, end - i);
    changed += piece;
    if (text::ToLower(piece) == "text") changed += " COLLATE \"C\"";
    i = end;
  }
  return changed;
}

}  // namespace weir::sql
