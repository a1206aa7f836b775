#include "tests/quality/labelled_texts.h"

#include <simdjson.h>

#include "common/text/ascii.h"
#include "tests/quality/gzip_file.h"

namespace weir::quality {
namespace {

bool ReadSpans(simdjson::dom::element line, LabelledText& text) {
  simdjson::dom::array spans;
  if (line["spans"].get(spans)) return true;
  for (const simdjson::dom::element each : spans) {
    std::string_view type;
    uint64_t begin = 0, end = 0;
    if (each.at(0).get(type) || each.at(3).get(begin) || each.at(4).get(end)) return false;
    text.spans.push_back({std::string(type), begin, end});
  }
  return true;
}

bool ReadText(simdjson::dom::element line, LabelledText& text) {
  std::string_view content, source, kind;
  int64_t label = 0;
  if (line["text"].get(content) || line["source"].get(source) || line["kind"].get(kind) ||
      line["label"].get(label)) {
    return false;
  }
  text = {std::string(content), std::string(source), std::string(kind), label == 1, {}};
  return ReadSpans(line, text);
}

}  // namespace

absl::StatusOr<std::vector<LabelledText>> ReadLabelledTexts(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const std::string all, ReadGzipFile(path));
  simdjson::dom::parser parser;
  std::vector<LabelledText> texts;
  for (const std::string_view line : text::Split(all, '\n')) {
    if (line.empty()) continue;
    simdjson::dom::element object;
    texts.emplace_back();
    if (parser.parse(simdjson::padded_string(line)).get(object) ||
        !ReadText(object, texts.back())) {
      return status::InvalidArgument("{}: text {} is not an object with text, label and kind", path,
                                     texts.size());
    }
  }
  return texts;
}

}  // namespace weir::quality
