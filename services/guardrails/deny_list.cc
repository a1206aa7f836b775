#include "services/guardrails/deny_list.h"

#include <algorithm>
#include <map>

#include "common/text/ascii.h"
#include "common/text/utf8.h"
#include "services/guardrails/characters.h"
#include "services/guardrails/normalised_text.h"

namespace weir::guardrails {
namespace {

// Up to four bytes.
struct Folded {
  std::array<uint8_t, 4> bytes{};
  size_t size = 0;
};

Folded Encoded(char32_t c) {
  std::string utf8;
  AppendUtf8(c, utf8);
  Folded folded{.size = utf8.size()};
  std::ranges::copy(utf8, folded.bytes.begin());
  return folded;
}

// A character as phrases and texts are compared. What is not UTF-8 stands for itself.
Folded Fold(std::string_view at, const text::Rune& rune) {
  if (rune.kind == text::Rune::Kind::kValid && rune.size > 1) {
    return Encoded(Lowered(rune.code_point));
  }
  Folded folded{.size = rune.size};
  for (size_t i = 0; i < rune.size; ++i) {
    folded.bytes[i] = static_cast<uint8_t>(text::ToLower(at[i]));
  }
  return folded;
}

// Belongs to a word that may go on on either side.
bool IsOfWord(char32_t c) { return c == '_' || (IsWordCharacter(c) && !IsWrittenWithoutBlanks(c)); }

bool BeginsWithWord(std::string_view text) {
  if (text.empty()) return false;
  const text::Rune rune = text::DecodeRune(text);
  return rune.kind == text::Rune::Kind::kValid && IsOfWord(rune.code_point);
}

bool EndsWithWord(std::string_view text) {
  size_t begin = text.size();
  while (begin > 0 && text.size() - begin < 4) {
    --begin;
    if ((static_cast<unsigned char>(text[begin]) & 0xc0) != 0x80) break;
  }
  return BeginsWithWord(text.substr(begin));
}

// Folded, with single blanks, none at the ends.
absl::StatusOr<std::string> Normal(std::string_view phrase, size_t index) {
  std::string normal;
  bool after_blank = false;
  for (size_t at = 0; at < phrase.size();) {
    const text::Rune rune = text::DecodeRune(phrase.substr(at));
    if (rune.kind != text::Rune::Kind::kValid) {
      return status::InvalidArgument("phrase {}: not UTF-8", index);
    }
    if (IsBlank(rune.code_point)) {
      after_blank = !normal.empty();
    } else {
      if (std::exchange(after_blank, false)) normal += ' ';
      const Folded folded = Fold(phrase.substr(at), rune);
      normal.append(folded.bytes.begin(), folded.bytes.begin() + folded.size);
    }
    at += rune.size;
  }
  if (normal.empty()) return status::InvalidArgument("phrase {}: want more than blanks", index);
  if (normal.size() > DenyList::kLongestPhrase) {
    return status::InvalidArgument("phrase {} has {} bytes, want at most {}", index, normal.size(),
                                   DenyList::kLongestPhrase);
  }
  return normal;
}

}  // namespace

// Builds the tree of prefixes, lays its edges out one after another, then links suffixes.
class DenyList::Builder {
 public:
  explicit Builder(DenyList& list) : list_(list) { AddNode(0); }

  void Add(std::string_view phrase, uint32_t index) {
    uint32_t node = kRoot;
    for (const char each : phrase) {
      const auto [found, is_new] = children_[node].try_emplace(static_cast<uint8_t>(each), kNoNode);
      if (is_new) {
        // AddNode moves children_.
        const uint32_t added = AddNode(list_.nodes_[node].length + 1U);
        children_[node][static_cast<uint8_t>(each)] = added;
        node = added;
      } else {
        node = found->second;
      }
    }
    if (list_.nodes_[node].phrase == kNoPhrase) list_.nodes_[node].phrase = index;
  }

  void Finish() {
    for (uint32_t node = 0; node < children_.size(); ++node) LayOut(node);
    list_.from_root_.fill(kRoot);
    for (const auto& [byte, child] : children_[kRoot]) list_.from_root_[byte] = child;
    Link();
  }

 private:
  uint32_t AddNode(size_t length) {
    list_.nodes_.push_back({.length = static_cast<uint16_t>(length)});
    children_.emplace_back();
    return static_cast<uint32_t>(children_.size() - 1);
  }

  void LayOut(uint32_t node) {
    list_.nodes_[node].first_edge = static_cast<uint32_t>(list_.edges_.size());
    list_.nodes_[node].edge_count = static_cast<uint16_t>(children_[node].size());
    for (const auto& [byte, child] : children_[node]) list_.edges_.push_back({byte, child});
  }

  // Breadth first: what a node falls back to is shorter, so it is linked already.
  void Link() {
    std::vector<uint32_t> queue;
    for (const auto& [byte, child] : children_[kRoot]) queue.push_back(child);
    for (size_t i = 0; i < queue.size(); ++i) {
      for (const auto& [byte, child] : children_[queue[i]]) {
        const uint32_t fail = list_.Next(list_.nodes_[queue[i]].fail, byte);
        const Node& suffix = list_.nodes_[fail];
        list_.nodes_[child].fail = fail;
        list_.nodes_[child].shorter = suffix.phrase == kNoPhrase ? suffix.shorter : fail;
        queue.push_back(child);
      }
    }
  }

  DenyList& list_;
  std::vector<std::map<uint8_t, uint32_t>> children_;
};

absl::StatusOr<DenyList> DenyList::Compile(const std::vector<std::string>& phrases,
                                           bool parts_of_words) {
  if (phrases.empty() || phrases.size() > kMostPhrases) {
    return status::InvalidArgument("{} phrases, want 1 to {}", phrases.size(), kMostPhrases);
  }
  DenyList list;
  list.parts_of_words_ = parts_of_words;
  Builder builder(list);
  for (size_t i = 0; i < phrases.size(); ++i) {
    const NormalisedText read(phrases[i]);
    WEIR_ASSIGN_OR_RETURN(const std::string normal, Normal(read.text(), i));
    builder.Add(normal, static_cast<uint32_t>(i));
    list.ends_.push_back({BeginsWithWord(normal), EndsWithWord(normal)});
    list.longest_phrase_ = std::max(list.longest_phrase_, normal.size());
    const auto blanks = static_cast<size_t>(std::ranges::count(normal, ' '));
    // A byte may be written as a character of four; a border is one.
    list.longest_ = std::max(list.longest_, 4 * normal.size() + blanks * kBlanks + 2 * 4);
  }
  builder.Finish();
  return list;
}

uint32_t DenyList::Child(uint32_t node, uint8_t byte) const {
  const Edge* first = edges_.data() + nodes_[node].first_edge;
  const Edge* last = first + nodes_[node].edge_count;
  const Edge* found = std::ranges::lower_bound(first, last, byte, {}, &Edge::byte);
  return found != last && found->byte == byte ? found->to : kNoNode;
}

// Each step back makes the node shorter, each step on longer by one: linear in all.
uint32_t DenyList::Next(uint32_t node, uint8_t byte) const {
  while (node != kRoot) {
    const uint32_t child = Child(node, byte);
    if (child != kNoNode) return child;
    node = nodes_[node].fail;
  }
  return from_root_[byte];
}

// One pass. Where the last folded bytes began in the text is kept, as far back as a phrase reaches.
class DenyList::Search {
 public:
  Search(const DenyList& list, std::string_view text)
      : list_(list), text_(text), begins_(list.longest_phrase_) {}

  std::vector<Found> Run() {
    for (size_t at = 0; at < text_.size() && found_.size() < kMostFound;) at = TakeOne(at);
    return std::move(found_);
  }

  // After all of the text: how much of its end is the longest beginning of a phrase.
  size_t Open() {
    for (size_t at = 0; at < text_.size();) at = TakeOne(at);
    for (uint32_t node = node_; node != kRoot; node = list_.nodes_[node].fail) {
      const size_t begin = begins_[(taken_ - list_.nodes_[node].length) % begins_.size()];
      const bool is_inside = !list_.parts_of_words_ && EndsWithWord(text_.substr(0, begin)) &&
                             BeginsWithWord(text_.substr(begin));
      if (!is_inside) return text_.size() - begin;
    }
    return 0;
  }

 private:
  // Takes a character, or a run of blanks.
  size_t TakeOne(size_t at) {
    const text::Rune rune = text::DecodeRune(text_.substr(at));
    const size_t end = at + rune.size;
    const bool is_blank = rune.kind == text::Rune::Kind::kValid && IsBlank(rune.code_point);
    if (is_blank && after_blank_) return end;
    after_blank_ = is_blank;
    if (is_blank) {
      Step(' ', at);
      return end;
    }
    const Folded folded = Fold(text_.substr(at), rune);
    for (size_t i = 0; i < folded.size; ++i) Step(folded.bytes[i], at);
    Report(end);
    return end;
  }

  void Step(uint8_t byte, size_t at) {
    node_ = list_.Next(node_, byte);
    begins_[taken_++ % begins_.size()] = at;
  }

  void Report(size_t end) {
    uint32_t node = node_;
    if (list_.nodes_[node].phrase == kNoPhrase) node = list_.nodes_[node].shorter;
    for (; node != kRoot; node = list_.nodes_[node].shorter) {
      const Node& each = list_.nodes_[node];
      const size_t begin = begins_[(taken_ - each.length) % begins_.size()];
      if (!HasBorders(each.phrase, begin, end)) continue;
      found_.push_back({begin, end - begin, each.phrase});
      return;
    }
  }

  bool HasBorders(uint32_t phrase, size_t begin, size_t end) const {
    if (list_.parts_of_words_) return true;
    const Ends& ends = list_.ends_[phrase];
    if (ends.first && EndsWithWord(text_.substr(0, begin))) return false;
    return !ends.last || !BeginsWithWord(text_.substr(end));
  }

  const DenyList& list_;
  const std::string_view text_;
  std::vector<size_t> begins_;
  size_t taken_ = 0;
  uint32_t node_ = kRoot;
  bool after_blank_ = false;
  std::vector<Found> found_;
};

std::vector<DenyList::Found> DenyList::Find(std::string_view text) const {
  const NormalisedText read(text);
  std::vector<Found> found = Search(*this, read.text()).Run();
  if (read.is_verbatim()) return found;
  for (Found& each : found) {
    const size_t begin = read.RawBegin(each.offset);
    each = {begin, read.RawEnd(each.offset + each.length) - begin, each.phrase};
  }
  return found;
}

size_t DenyList::Open(std::string_view text) const {
  const NormalisedText read(text);
  const size_t open = Search(*this, read.text()).Open();
  if (open == 0 || read.is_verbatim()) return open;
  return text.size() - read.RawBegin(read.text().size() - open);
}

}  // namespace weir::guardrails
