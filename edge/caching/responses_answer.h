#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::edge {

// A Response object that may be given a second time: it is complete, and all of its output is what
// the model said or thought: no calls, no annotations, no logprobs. Nothing else is recorded.
bool IsRecordableResponse(simdjson::dom::element root);

// The response without white space, and without what its asker said of itself (metadata, user,
// identifiers): that would be another's answer to others.
std::string WriteResponseRecording(simdjson::dom::object response);

// How a recorded response is to be told again.
struct ResponseRetelling {
  std::string_view id;
  int64_t created = 0;
  // The body of the request that it answers: what its asker says of itself is repeated to it. Empty
  // where there is none.
  std::string_view request;
};

// Its members with their JSON, in their order: so that a stream of it can begin with some of them
// replaced.
struct ResponseMembers {
  struct Member {
    std::string_view key;
    std::string json;
  };
  std::vector<Member> members;

  // The object, where `status`, `output` and `usage` are not empty with these in their place.
  std::string Write(std::string_view status = {}, std::string_view output = {},
                    std::string_view usage = {}) const;
};
// `response` must outlive what comes back.
ResponseMembers Retell(simdjson::dom::object response, const ResponseRetelling& retelling);

}  // namespace weir::edge
