#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/text/json_escape.h"

namespace weir::edge::testing {

// A JSON value that a test changes and writes in many ways.
struct Json {
  enum class Kind { kLiteral, kString, kArray, kObject };
  using Member = std::pair<std::string, Json>;

  static Json Literal(std::string text) { return {Kind::kLiteral, std::move(text), {}, {}}; }
  static Json String(std::string text) { return {Kind::kString, std::move(text), {}, {}}; }
  static Json Array(std::vector<Json> items) { return {Kind::kArray, {}, std::move(items), {}}; }
  static Json Object(std::vector<Member> members) {
    return {Kind::kObject, {}, {}, std::move(members)};
  }

  bool operator==(const Json&) const = default;

  Kind kind = Kind::kLiteral;
  std::string text;  // Of a literal as it is written, of a string as it reads.
  std::vector<Json> items;
  std::vector<Member> members;
};

// Writes values as any client might: members in any order, white space, escapes.
class AnyWriter {
 public:
  explicit AnyWriter(std::mt19937_64& random) : random_(random) {}

  std::string Write(const Json& value) {
    std::string out;
    Write(value, out);
    return out;
  }

 private:
  void Write(const Json& value, std::string& out) {
    Blank(out);
    switch (value.kind) {
      case Json::Kind::kLiteral:
        out.append(value.text);
        break;
      case Json::Kind::kString:
        WriteString(value.text, out);
        break;
      case Json::Kind::kArray:
        WriteItems(value, out);
        break;
      case Json::Kind::kObject:
        WriteMembers(value, out);
        break;
    }
    Blank(out);
  }
  void WriteItems(const Json& value, std::string& out) {
    out.push_back('[');
    for (size_t i = 0; i < value.items.size(); ++i) {
      if (i > 0) out.push_back(',');
      Write(value.items[i], out);
    }
    out.push_back(']');
  }
  void WriteMembers(const Json& value, std::string& out) {
    std::vector<Json::Member> members = value.members;
    std::shuffle(members.begin(), members.end(), random_);
    out.push_back('{');
    for (size_t i = 0; i < members.size(); ++i) {
      if (i > 0) out.push_back(',');
      Blank(out);
      WriteString(members[i].first, out);
      Blank(out);
      out.push_back(':');
      Write(members[i].second, out);
    }
    out.push_back('}');
  }
  void WriteString(const std::string& text, std::string& out) {
    out.push_back('"');
    for (const char c : text) {
      const bool ascii = static_cast<unsigned char>(c) < 0x80;
      if (ascii && random_() % 16 == 0) {
        constexpr char kDigits[] = "0123456789abcdef";
        out.append("\\u00").append(1, kDigits[c >> 4]).append(1, kDigits[c & 15]);
      } else if (ascii) {
        text::AppendJsonEscaped(out, std::string_view(&c, 1));
      } else {
        out.push_back(c);
      }
    }
    out.push_back('"');
  }
  void Blank(std::string& out) {
    constexpr std::string_view kBlanks[] = {" ", "\n", "\t", "\r\n  "};
    if (random_() % 8 == 0) out.append(kBlanks[random_() % 4]);
  }

  std::mt19937_64& random_;
};

}  // namespace weir::edge::testing
