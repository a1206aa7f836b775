#pragma once

#include "edge/dialects/event_tee.h"

namespace weir::edge::responses {

// The tee of a stream of the Responses API: events that name their type and count themselves.
// Deltas are text (of answers, reasoning, refusals, arguments); whole texts repeat them and count
// nothing. The end is response.completed, response.incomplete or response.failed, which has the
// usage. All events pass.
class StreamTee final : public EventTee {
 public:
  struct Options {
    // Larger than a chat's: the first events and the last one repeat the request's instructions and
    // tools, the last one the whole answer.
    size_t max_event = 8 * 1024 * 1024;
  };
  StreamTee() : StreamTee(Options()) {}
  explicit StreamTee(Options options) : EventTee(options.max_event) {}

  // {"type":"error","sequence_number":...}: code, message and param at the top, as the API's
  // reference has it, and in an object `error`, which is what its SDKs raise as an exception.
  std::string ErrorEvent(std::string_view body) const override;
  // Nothing: the end of a Response would have to carry all of its output.
  std::string CutEvents(int64_t choices,
                        const std::optional<common::v1::Usage>& usage) const override;

  // The sequence number of the next event that the client gets.
  int64_t next_sequence() const { return withheld().empty() ? last_ + 1 : last_; }

 private:
  Fate Event(std::string_view data) override;

  int64_t last_ = -1;  // Of the events that were read.
};

}  // namespace weir::edge::responses
