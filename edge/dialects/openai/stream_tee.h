#pragma once

#include "edge/dialects/event_tee.h"

namespace weir::edge::openai {

// The tee of a chat stream, which ends with [DONE]. It keeps back the usage chunk that only the
// gateway asked for.
class StreamTee final : public EventTee {
 public:
  struct Options {
    // The client did not ask for the usage chunk: an event with empty `choices` and a `usage` is
    // dropped.
    bool strip_usage = false;
    // Largest event in bytes; what waits for the rest of one is no larger.
    size_t max_event = 1024 * 1024;
  };
  explicit StreamTee(Options options) : EventTee(options.max_event), options_(options) {}

  // `data: {"error":...}`: no [DONE], as what is missing must not look like the end.
  std::string ErrorEvent(std::string_view body) const override;
  // Every choice finishes with "length", the usage chunk follows. Only where an event is withheld.
  std::string CutEvents(int64_t choices,
                        const std::optional<common::v1::Usage>& usage) const override;

 private:
  Fate Event(std::string_view data) override;
  struct Seen {
    bool usage = false;       // A usage object.
    bool no_choices = false;  // An empty list of choices, as in the usage chunk.
    bool error = false;
    bool delta = false;
    bool operator==(const Seen&) const = default;
  };
  Seen Scan(std::string_view json);
  void ScanNames(std::string_view json, size_t from, Seen& seen);
  size_t CountDelta(std::string_view data, size_t at);

  const Options options_;
  // How an earlier event began, up to its first delta, and ended behind it, where there was nothing
  // to see.
  std::string before_delta_;
  std::string behind_delta_;
};

}  // namespace weir::edge::openai
