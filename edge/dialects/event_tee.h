#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "common/status/status.h"
#include "common/text/token_scan.h"
#include "weir/common/v1/usage.pb.h"

namespace weir::edge {

// Reads a stream of server-sent events as it passes: counts the text, takes the usage, knows the
// end, and lets everything through as it came, but for what its dialect keeps back. Any split into
// pieces gives the same result; what follows the end is dropped. Stops at a wall, where it is given
// one. One for each stream, not thread-safe.
class EventTee {
 public:
  virtual ~EventTee() = default;
  EventTee(const EventTee&) = delete;
  EventTee& operator=(const EventTee&) = delete;

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

  // The event that ends a stream was read.
  bool done() const { return done_; }
  // It says that the answer failed.
  bool failed() const { return failed_; }
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

  // The event that tells a client of an error in the middle of what it was given so far. `body` is
  // the error object as an answer of its own would have it.
  virtual std::string ErrorEvent(std::string_view body) const = 0;
  // What comes before that where the answer is cut at its wall: how the dialect ends an answer that
  // is not complete. `choices` as asked for; `usage` where the client is to be told.
  virtual std::string CutEvents(int64_t choices,
                                const std::optional<common::v1::Usage>& usage) const = 0;

 protected:
  // `max_event`: largest event in bytes; what waits for the rest of one is no larger.
  explicit EventTee(size_t max_event) : max_event_(max_event) {}

  // What becomes of an event.
  enum class Fate {
    kPass,  // To the client, or to the wall where its text goes over it.
    kDrop,
    kEnd,    // To the client; nothing comes behind it.
    kError,  // To the client; the provider says that it gave up.
  };
  // Looks at one event by its `data`, the lines of it joined.
  virtual Fate Event(std::string_view data) = 0;
  // Counts a piece of text: the inside of a JSON string.
  void CountText(std::string_view escaped);

  std::optional<common::v1::Usage> usage_;
  bool failed_ = false;

 private:
  // `lines`: the event without its last line ends.
  absl::Status Take(std::string_view event, std::string_view lines, std::string& out);

  const size_t max_event_;
  std::string partial_;
  size_t searched_ = 0;
  // The last event ended in a carriage return: a line feed may belong to it.
  bool after_cr_ = false;
  bool dropped_ = false;  // The last event was.
  std::string withheld_;
  int64_t wall_ = std::numeric_limits<int64_t>::max();
  int64_t texts_ = 0;  // Strings that were counted, but for empty ones.
  text::TokenScan scan_;
  bool done_ = false;
};

}  // namespace weir::edge
