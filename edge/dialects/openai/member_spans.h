#pragma once

#include <string_view>
#include <vector>

#include "edge/dialects/openai/request_body.h"

namespace weir::edge::openai {

// Where the values of an object's members stand, in order of their appearance. `object` begins with
// '{' and is valid JSON: a parser has read it before, so that what is checked and what is cut are
// the same bytes.
std::vector<Span> MemberSpans(std::string_view object);

}  // namespace weir::edge::openai
