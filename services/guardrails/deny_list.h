#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"

namespace weir::guardrails {

// Words and phrases that are looked for together (Aho and Corasick, 1975): one pass over the text,
// however many there are. Letters match in either case (simple case mapping of Unicode), a blank
// in a phrase matches any run of blanks; both are read as they look (NormalisedText). Immutable;
// thread-safe.
class DenyList {
 public:
  static constexpr size_t kMostPhrases = 1000;
  static constexpr size_t kLongestPhrase = 128;  // Bytes, without blanks at its ends.
  // What Find answers; a text that has more is as bad with these.
  static constexpr size_t kMostFound = 256;

  // `parts_of_words`: they also match inside of words. Otherwise no letter or digit stands beside a
  // phrase's own; scripts that are written without blanks (Chinese, Japanese, Thai) have no such
  // borders.
  //
  // kInvalidArgument, which says which phrase by its index from 0: there are none or too many, one
  // is nothing but blanks, too long, or not UTF-8.
  static absl::StatusOr<DenyList> Compile(const std::vector<std::string>& phrases,
                                          bool parts_of_words);

  struct Found {
    size_t offset = 0;  // Bytes of the text.
    size_t length = 0;
    size_t phrase = 0;  // Index into the phrases; of equal ones the first.
    bool operator==(const Found&) const = default;
  };
  // In the order of their ends; of those that end at one place the longest alone.
  std::vector<Found> Find(std::string_view text) const;

  // Bytes at the end of `text`, which goes on, that could be the beginning of a match, or are one
  // unless it goes on.
  size_t Open(std::string_view text) const;

  // Bytes of the longest match, its borders included, where no run of blanks in it is longer than
  // kBlanks and nothing invisible is in it: what a window over a stream has to overlap the next one
  // by.
  size_t longest() const { return longest_; }
  static constexpr size_t kBlanks = 8;

 private:
  static constexpr uint32_t kRoot = 0;
  static constexpr uint32_t kNoNode = UINT32_MAX;
  static constexpr uint32_t kNoPhrase = UINT32_MAX;

  // A prefix of phrases, folded. Its edges are edges_[first_edge, first_edge + edge_count).
  struct Node {
    uint32_t fail = kRoot;     // The longest proper suffix that is a prefix, too.
    uint32_t shorter = kRoot;  // The longest proper suffix that is a phrase; kRoot: none is.
    uint32_t first_edge = 0;
    uint16_t edge_count = 0;
    uint16_t length = 0;  // Bytes.
    uint32_t phrase = kNoPhrase;
  };
  struct Edge {
    uint8_t byte = 0;
    uint32_t to = kRoot;
  };
  class Builder;
  class Search;

  DenyList() = default;
  uint32_t Child(uint32_t node, uint8_t byte) const;
  uint32_t Next(uint32_t node, uint8_t byte) const;

  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  std::array<uint32_t, 256> from_root_{};
  // Of each phrase: its first and last character are of a word.
  struct Ends {
    bool first = false, last = false;
  };
  std::vector<Ends> ends_;
  bool parts_of_words_ = false;
  size_t longest_phrase_ = 0;  // Folded bytes.
  size_t longest_ = 0;
};

}  // namespace weir::guardrails
