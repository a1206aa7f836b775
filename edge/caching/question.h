#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/routing/v1/routing.pb.h"

namespace weir::edge {

// What a request asks, as opposed to what it asks it about: the text by whose meaning answers are
// looked up.
struct Question {
  // The texts as they stand in the document, ascending by where they are in the parser's memory.
  // Empty: there is none.
  std::vector<std::string_view> texts;
  // The last turn is a tool's result, not a question.
  bool is_tool_result = false;

  // All of it, a line each.
  std::string Joined() const;
};

// Of a chat or responses request: the texts of turns that `path` selects (common/json/json_path.h)
// or, where that is empty, those of the last turn, if it is the user's. A list of content parts
// stands for its texts. `root` is the body.
Question FindQuestion(routing::v1::ApiKind kind, simdjson::dom::element root,
                      std::string_view path);

}  // namespace weir::edge
