#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "common/status/status.h"
#include "common/text/token_scan.h"
#include "weir/common/v1/usage.pb.h"

namespace weir::edge::openai {

// Reads a chat stream (server-sent events) as it passes: counts the text, takes the usage, knows
// the end, and lets everything through as it came, but for the usage chunk that only the gateway
// asked for. Any split into pieces gives the same result; what follows [DONE] is dropped. Stops at
// a wall, where it is given one. One for each stream, not
// thread-safe.
class StreamTee {
 public:
  struct Options {
    // The client did not ask for the usage chunk: an event with empty `choices` and a `usage` is
    // dropped.
    bool strip_usage = false;
    // Largest event in bytes; what waits for the rest of one is no larger.
    size_t max_event = 1024 * 1024;
  };
  explicit StreamTee(Options options) : options_(options) {}

  // Appends to `out` what may go to the client: whole events only, so that no piece ends in the
  // middle of one. kResourceExhausted: an event is over the bound. kUnavailable: the provider sent
  // an error event (it is in `out`). Of no use after an error.
  absl::Status Feed(std::string_view piece, std::string& out);

  // From now on an event whose text brings cautious_tokens() over `tokens` is withheld, with all
  // that comes behind it.
  void SetWall(int64_t tokens) { wall_ = tokens; }
  // An event waits for a higher wall. Then Feed takes no piece: SetWall, and Feed("") goes on.
  bool at_wall() const { return !withheld_.empty() && cautious_tokens() > wall_; }
  // The event that waits; empty: none does.
  std::string_view withheld() const { return withheld_; }

  // "data: [DONE]" was read.
  bool done() const { return done_; }
  // What the provider reported, if it did.
  const std::optional<common::v1::Usage>& usage() const { return usage_; }
  // Tokens of the text so far by the class scan; reasoning and tool arguments are text.
  int64_t tokens_counted() const { return scan_.tokens(); }
  // The same, where too few would cost: a quarter more than the scan says, which is what it misses
  // of most texts, and at least one for each piece of text, as providers send tokens one by one.
  int64_t cautious_tokens() const {
    const int64_t scanned = scan_.tokens();
    return std::max(scanned + (scanned + 3) / 4, texts_);
  }
  // Bytes that wait for the rest of their event.
  size_t pending() const { return partial_.size(); }

 private:
  // `lines`: the event without its last line ends.
  absl::Status Event(std::string_view event, std::string_view lines, std::string& out);
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
  std::string partial_;
  size_t searched_ = 0;
  // The last event ended in a carriage return: a line feed may belong to it.
  bool after_cr_ = false;
  bool dropped_ = false;  // The last event was.
  std::string withheld_;
  int64_t wall_ = std::numeric_limits<int64_t>::max();
  // How an earlier event began, up to its first delta, and ended behind it, where there was nothing
  // to see.
  std::string before_delta_;
  std::string behind_delta_;
  int64_t texts_ = 0;  // Strings that were counted, but for empty ones.
  text::TokenScan scan_;
  std::optional<common::v1::Usage> usage_;
  bool done_ = false;
};

}  // namespace weir::edge::openai
