#pragma once

#include <simdjson.h>

#include <optional>
#include <string_view>

#include "edge/dialects/openai/request_body.h"
#include "edge/dialects/openai/text_walk.h"

namespace weir::edge::openai {

// Said of a key that an object has more than once.
inline constexpr std::string_view kTwice = "comes twice: want each key once";

// What the top-level members of a request contribute to what the gateway reads of it; one for each
// request, implemented for each API. Errors are RequestReader::Read's.
class MemberReader {
 public:
  virtual ~MemberReader() = default;
  MemberReader(const MemberReader&) = delete;
  MemberReader& operator=(const MemberReader&) = delete;

  // One call for each member; its value stands `at` in `original`.
  virtual absl::Status Read(std::string_view key, simdjson::dom::element value, Span at,
                            std::string_view original) = 0;
  // Behind the last member.
  absl::Status Finish();

 protected:
  // Both must outlive the reader.
  MemberReader(RequestBody& body, TextWalk& walk) : body_(body), walk_(walk) {}

  // What is wrong with the members together.
  virtual absl::Status CheckWhole() = 0;

  absl::Status Model(simdjson::dom::element value, Span at);
  static absl::Status Flag(std::string_view key, simdjson::dom::element value, bool& out);
  // A limit of completion tokens; the largest of several counts.
  absl::Status Cap(std::string_view key, simdjson::dom::element value, Span at, Member& member);
  // Looks at a member's value, and measures what of it is prompt.
  absl::Status Walk(simdjson::dom::element value, std::string_view key, TextWalk::Text text,
                    std::string_view json = {});

  RequestBody& body_;
  TextWalk& walk_;

 private:
  std::optional<int64_t> cap_;
};

}  // namespace weir::edge::openai
