#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace weir::edge {

// The data of a stream's server-sent events, however the stream comes in pieces. Pieces that are
// whole events are read where they are. One for each stream, not thread-safe.
class SseSplitter {
 public:
  // Takes an event's data, its lines joined by line feeds. Views are good until it returns.
  using Take = std::function<void(std::string_view data)>;

  // Of an event that has not ended yet at most `max_event` bytes are kept.
  SseSplitter(size_t max_event, Take take) : max_event_(max_event), take_(std::move(take)) {}
  SseSplitter(const SseSplitter&) = delete;
  SseSplitter& operator=(const SseSplitter&) = delete;

  // False: an event was over the bound. Of no use from then on.
  bool Feed(std::string_view piece);

 private:
  void Line(std::string_view line, bool is_kept);
  void AddData(std::string_view line, bool is_kept);

  const size_t max_event_;
  const Take take_;
  std::string partial_;    // Of a line.
  std::string data_;       // Of the event's earlier lines.
  std::string_view only_;  // The same, where it is in the piece.
  bool has_data_ = false;
  bool after_cr_ = false;
};

}  // namespace weir::edge
