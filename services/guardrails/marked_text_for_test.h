#pragma once

#include <string>
#include <string_view>

#include "services/guardrails/stream_scanner.h"

namespace weir::guardrails {

// Writes a text with what was found in it: "to {EMAIL|ann@example.com}".
class Marking final : public Parts {
 public:
  explicit Marking(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}
  void Text(std::string_view text) override {
    Close();
    marked_ += text;
  }
  void Value(Kind kind, std::string_view head) override {
    Close();
    marked_.append("{").append(vocabulary_.NameOf(kind)).append("|").append(head);
    is_open_ = true;
  }
  void Tail(std::string_view more) override { marked_ += more; }

  std::string Done() {
    Close();
    return std::move(marked_);
  }

 private:
  void Close() {
    if (is_open_) marked_ += "}";
    is_open_ = false;
  }
  const Vocabulary& vocabulary_;
  std::string marked_;
  bool is_open_ = false;
};

// The usual entities, and three patterns, of which one has no bound of its own.
inline const Vocabulary& TestVocabulary() {
  static const Vocabulary kVocabulary{
      .entities = EntitySet::Usual(),
      .patterns = {
          {"employee", "EMPLOYEE", *CustomPattern::Compile(R"(EMP-\d{2,6}\b)", {})},
          {"project", "PROJECT", *CustomPattern::Compile("project (?:red|redwood)", {true})},
          {"ticket", "TICKET", *CustomPattern::Compile(R"(#\w+(?:-\w+)*)", {})}}};
  return kVocabulary;
}

// Every entity.
inline const Vocabulary& VocabularyWithPeople() {
  static const Vocabulary kVocabulary{.entities = EntitySet::All(), .patterns = {}};
  return kVocabulary;
}

inline std::string Marked(std::string_view text, const Vocabulary& vocabulary = TestVocabulary()) {
  Marking marking(vocabulary);
  StreamScanner(vocabulary).Feed(text, true, marking);
  return marking.Done();
}

// Such a text without its marks.
class MarkedText {
 public:
  explicit MarkedText(std::string_view marked) {
    while (!marked.empty()) {
      const size_t open = marked.find('{');
      plain_ += marked.substr(0, open);
      if (open == std::string_view::npos) return;
      const size_t value = marked.find('|', open) + 1;
      const size_t close = marked.find('}', value);
      plain_ += marked.substr(value, close - value);
      marked.remove_prefix(close + 1);
    }
  }
  const std::string& plain() const { return plain_; }

 private:
  std::string plain_;
};

}  // namespace weir::guardrails
