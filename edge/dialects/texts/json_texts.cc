#include "edge/dialects/texts/json_texts.h"

#include <algorithm>
#include <utility>

#include "common/text/json_escape.h"
#include "edge/dialects/texts/argument_pieces.h"

namespace weir::edge::texts {
namespace {

using Piece = ArgumentPieces::Piece;

// Makes texts of an outline.
class Collecting {
 public:
  Collecting(std::string_view body, const Outline& outline) : body_(body), outline_(outline) {}

  absl::StatusOr<JsonTexts> Run() {
    for (const Outline::Text& each : outline_.texts) {
      if (each.raw.length == 0) continue;
      WEIR_RETURN_IF_ERROR(AddString(each));
    }
    for (const Outline::Mark& each : outline_.marks) texts_.logprobs.push_back(each.value);
    return std::move(texts_);
  }

 private:
  absl::Status AddString(const Outline::Text& text) {
    const Place place = outline_.nodes[static_cast<size_t>(text.node)].place;
    JsonText made{.path = outline_.Path(text.node),
                  .role = text.role,
                  .text = Unescaped(text.raw.in(body_)),
                  .raw = text.raw};
    if (place == Place::kArguments) return AddArguments(std::move(made));
    return Add(std::move(made));
  }

  absl::Status AddArguments(JsonText whole) {
    std::vector<Piece> pieces;
    ArgumentPieces().Feed(whole.text, true, pieces);
    const int arguments = static_cast<int>(texts_.arguments.size());
    JsonText open{.role = whole.role, .raw = {}, .arguments = arguments};
    for (Piece& each : pieces) {
      if (!each.is_text) continue;
      if (open.text.empty()) open.raw = {each.begin, 0};
      open.path = whole.path + each.path;
      open.raw.length = each.end - open.raw.offset;
      open.text += each.text;
      open.is_escaped = each.is_escaped;
      if (!each.is_last) continue;
      if (!open.text.empty()) WEIR_RETURN_IF_ERROR(Add(open));
      open.text.clear();
    }
    bytes_ += whole.text.size();
    texts_.arguments.push_back({whole.raw, std::move(whole.text)});
    return absl::OkStatus();
  }

  absl::Status Add(JsonText text) {
    bytes_ += text.text.size() + text.path.size();
    texts_.texts.push_back(std::move(text));
    if (texts_.texts.size() > kMostTexts) {
      return status::ResourceExhausted("JSON with over {} texts", kMostTexts);
    }
    if (bytes_ > kMostTextBytes) {
      return status::ResourceExhausted("JSON with over {} bytes of text", kMostTextBytes);
    }
    return absl::OkStatus();
  }

  const std::string_view body_;
  const Outline& outline_;
  JsonTexts texts_;
  size_t bytes_ = 0;
};

absl::StatusOr<JsonTexts> ReadTexts(std::string_view body, OutlineReader::Of of) {
  static thread_local OutlineReader reader;
  WEIR_ASSIGN_OR_RETURN(const Outline* outline,
                        reader.Read(body, Place::kBody, of, 2 * kMostTexts));
  return Collecting(body, *outline).Run();
}

std::string Escaped(std::string_view text) {
  std::string out;
  text::AppendJsonEscaped(out, text);
  return out;
}

}  // namespace

std::string Patched(std::string_view bytes, std::vector<Patch> patches) {
  std::sort(patches.begin(), patches.end(),
            [](const Patch& a, const Patch& b) { return a.span.offset < b.span.offset; });
  std::string out;
  out.reserve(bytes.size() + 64 * patches.size());
  size_t at = 0;
  for (const Patch& each : patches) {
    out.append(bytes.substr(at, each.span.offset - at)).append(each.bytes);
    at = each.span.end();
  }
  out.append(bytes.substr(at));
  return out;
}

absl::StatusOr<JsonTexts> ReadRequestTexts(std::string_view body) {
  return ReadTexts(body, OutlineReader::Of::kRequest);
}
absl::StatusOr<JsonTexts> ReadAnswerTexts(std::string_view body) {
  return ReadTexts(body, OutlineReader::Of::kAnswer);
}

std::string_view WithoutLogprobs(std::string_view value) {
  return value.starts_with('[') ? "[]" : "null";
}

std::string Splice(std::string_view body, const JsonTexts& texts,
                   const std::vector<TextChange>& changes, bool drops_logprobs) {
  std::vector<Patch> patches;
  std::vector<std::vector<Patch>> inner(texts.arguments.size());
  for (const TextChange& each : changes) {
    const JsonText& text = texts.texts[each.text];
    Patch patch{text.raw, text.is_escaped ? Escaped(each.changed) : each.changed};
    if (text.arguments < 0) {
      patches.push_back(std::move(patch));
    } else {
      inner[static_cast<size_t>(text.arguments)].push_back(std::move(patch));
    }
  }
  for (size_t i = 0; i < inner.size(); ++i) {
    if (inner[i].empty()) continue;
    const JsonTexts::Arguments& arguments = texts.arguments[i];
    patches.push_back({arguments.raw, Escaped(Patched(arguments.text, std::move(inner[i])))});
  }
  for (const Span each : texts.logprobs) {
    if (drops_logprobs) patches.push_back({each, std::string(WithoutLogprobs(each.in(body)))});
  }
  return Patched(body, std::move(patches));
}

}  // namespace weir::edge::texts
