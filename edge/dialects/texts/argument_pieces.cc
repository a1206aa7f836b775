#include "edge/dialects/texts/argument_pieces.h"

#include "common/json/json_path.h"
#include "edge/dialects/texts/outline.h"

namespace weir::edge::texts {
namespace {

using Kind = JsonLexer::Kind;

// More of a key is not in a path.
constexpr size_t kMostKey = 12 * json::kLongestName;

}  // namespace

void ArgumentPieces::Feed(std::string_view json, bool is_last, std::vector<Piece>& out) {
  std::string joined;
  if (!held_.empty()) {
    joined = std::move(held_);
    joined.append(json);
    json = joined;
    held_.clear();
  }
  given_ = 0;
  if (!is_plain_) {
    lexer_.Feed(json);
    JsonLexer::Token token;
    do {
      token = lexer_.Next();
      // A scalar alone is as good as any text.
      is_plain_ = token.kind == Kind::kFault || (token.kind == Kind::kScalar && levels_.empty());
      if (!is_plain_) Take(token, json, out);
    } while (!is_plain_ && token.kind != Kind::kMore);
    Structure(json, token.begin, out);
    // What does not become whole is no JSON.
    is_plain_ = is_plain_ || (is_last && given_ < json.size());
    if (is_plain_ || is_last) CloseText(out, token.begin);
    if (is_plain_) path_.clear();
  }
  if (is_plain_ && (given_ < json.size() || is_last)) {
    Text(json.substr(given_), false, is_last, given_, out);
    given_ = json.size();
  }
  held_ = json.substr(given_);
  fed_ += given_;
}

void ArgumentPieces::Take(const JsonLexer::Token& token, std::string_view json,
                          std::vector<Piece>& out) {
  const std::string_view raw = json.substr(token.begin, token.end - token.begin);
  switch (token.kind) {
    case Kind::kBeginObject:
    case Kind::kBeginArray:
      levels_.push_back({.is_object = token.kind == Kind::kBeginObject});
      break;
    case Kind::kEnd:
      levels_.pop_back();
      AfterValue();
      break;
    case Kind::kKey:
      if (token.is_first) levels_.back().key.clear();
      if (levels_.back().key.size() < kMostKey) levels_.back().key.append(raw.substr(0, kMostKey));
      break;
    case Kind::kString:
      Structure(json, token.begin, out);
      if (token.is_first) path_ = Path();
      Text(raw, true, token.is_last, token.begin, out);
      given_ = token.end;
      in_text_ = !token.is_last;
      if (token.is_last) AfterValue();
      break;
    case Kind::kScalar:
      AfterValue();
      break;
    default:
      break;
  }
}

void ArgumentPieces::AfterValue() {
  if (!levels_.empty()) ++levels_.back().index;
}

void ArgumentPieces::Structure(std::string_view json, size_t end, std::vector<Piece>& out) {
  if (end <= given_) return;
  out.push_back({.text = std::string(json.substr(given_, end - given_)),
                 .begin = fed_ + given_,
                 .end = fed_ + end});
  given_ = end;
}

void ArgumentPieces::Text(std::string_view raw, bool is_escaped, bool is_last, size_t begin,
                          std::vector<Piece>& out) {
  out.push_back({.is_text = true,
                 .text = is_escaped ? Unescaped(raw) : std::string(raw),
                 .is_escaped = is_escaped,
                 .is_last = is_last,
                 .path = path_,
                 .begin = fed_ + begin,
                 .end = fed_ + begin + raw.size()});
}

void ArgumentPieces::CloseText(std::vector<Piece>& out, size_t at) {
  if (in_text_) Text("", true, true, at, out);
  in_text_ = false;
}

std::string ArgumentPieces::Path() const {
  std::string path;
  for (const Level& each : levels_) {
    if (each.is_object) {
      json::AppendName(path, Unescaped(each.key));
    } else {
      json::AppendIndex(path, each.index);
    }
  }
  return path;
}

}  // namespace weir::edge::texts
