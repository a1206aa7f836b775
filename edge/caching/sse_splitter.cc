#include "edge/caching/sse_splitter.h"

#include <algorithm>

namespace weir::edge {

bool SseSplitter::Feed(std::string_view piece) {
  while (!piece.empty()) {
    if (after_cr_) {
      after_cr_ = false;
      if (piece.starts_with('\n')) piece.remove_prefix(1);
      continue;
    }
    const size_t lf = std::min(piece.find('\n'), piece.size());
    const size_t end = std::min(piece.substr(0, lf).find('\r'), lf);
    if (end == piece.size()) {
      partial_.append(piece);
      break;
    }
    const bool joined = !partial_.empty();
    if (joined) partial_.append(piece.substr(0, end));
    Line(joined ? std::string_view(partial_) : piece.substr(0, end), !joined);
    partial_.clear();
    after_cr_ = piece[end] == '\r';
    piece.remove_prefix(end + 1);
  }
  if (only_.data() != nullptr) {
    data_.assign(only_);
    only_ = {};
  }
  return partial_.size() + data_.size() <= max_event_;
}

// `is_kept`: the line stays where it is until the piece is through.
void SseSplitter::Line(std::string_view line, bool is_kept) {
  if (line.empty()) {
    const std::string_view data = only_.data() != nullptr ? only_ : std::string_view(data_);
    if (has_data_) take_(data);
    has_data_ = false;
    data_.clear();
    only_ = {};
  } else if (line.starts_with("data:")) {
    line.remove_prefix(5);
    if (line.starts_with(' ')) line.remove_prefix(1);
    AddData(line, is_kept);
  }
}

void SseSplitter::AddData(std::string_view line, bool is_kept) {
  if (!has_data_) {
    has_data_ = true;
    if (is_kept) {
      only_ = line;
    } else {
      data_.assign(line);
    }
    return;
  }
  if (only_.data() != nullptr) data_.assign(only_);
  only_ = {};
  data_.append("\n").append(line);
}

}  // namespace weir::edge
