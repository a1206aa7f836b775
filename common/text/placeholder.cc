#include "common/text/placeholder.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/text/ascii.h"
#include "common/text/parse.h"

namespace weir::text {
namespace {

using Kind = PlaceholderRead::Kind;

constexpr size_t kMostDigits = 4;

// Goes through what is written, and notes when the text ends before it does.
class Walk {
 public:
  Walk(std::string_view rest, bool is_whole)
      : rest_(rest.substr(0, kLongestWritten)),
        is_whole_(is_whole || rest.size() >= kLongestWritten) {}

  bool Take(char c) {
    return TakeIf([c](char each) { return each == c; });
  }
  void MaybeSpace() { Take(' '); }
  template <typename Is>
  std::string_view TakeRun(Is is, size_t most) {
    const size_t begin = at_;
    while (at_ - begin < most && TakeIf(is)) continue;
    return rest_.substr(begin, at_ - begin);
  }
  size_t at() const { return at_; }
  void GoBackTo(size_t at) { at_ = at; }
  // It wanted to know what is still to come.
  bool is_starved() const { return is_starved_; }

 private:
  template <typename Is>
  bool TakeIf(Is is) {
    if (at_ == rest_.size()) {
      is_starved_ = is_starved_ || !is_whole_;
      return false;
    }
    if (!is(rest_[at_])) return false;
    ++at_;
    return true;
  }

  const std::string_view rest_;
  const bool is_whole_;
  size_t at_ = 0;
  bool is_starved_ = false;
};

bool IsLetter(char c) { return IsLower(c) || IsUpper(c); }

// A space belongs to it where what follows does.
bool TakeAfterSpace(Walk& walk, char c) {
  const size_t before = walk.at();
  walk.MaybeSpace();
  if (walk.Take(c)) return true;
  walk.GoBackTo(before);
  return false;
}

// "EMAIL-1" in its canonical form; empty: something else stands there.
std::string ReadName(Walk& walk) {
  const std::string type = ToUpper(walk.TakeRun(IsLetter, kLongestPlaceholderType));
  if (type.empty()) return "";
  if (!TakeAfterSpace(walk, '-') && !TakeAfterSpace(walk, '_')) return "";
  walk.MaybeSpace();
  const std::string_view digits = walk.TakeRun(IsDigit, kMostDigits);
  if (digits.empty() || digits[0] == '0') return "";
  return FormatPlaceholder(type, static_cast<int>(*ParseInt64(digits)));
}

}  // namespace

std::string FormatPlaceholder(std::string_view type, int number) {
  return fmt::format("[[{}-{}]]", type, number);
}

PlaceholderRead ReadPlaceholder(std::string_view rest, bool is_whole) {
  Walk walk(rest, is_whole);
  PlaceholderRead read;
  if (!walk.Take('[')) return read;
  TakeAfterSpace(walk, '[');
  walk.MaybeSpace();
  read.canonical = ReadName(walk);
  const bool is_closed = !read.canonical.empty() && TakeAfterSpace(walk, ']');
  if (is_closed) TakeAfterSpace(walk, ']');
  if (walk.is_starved()) {
    read.kind = Kind::kOpen;
  } else if (is_closed) {
    read.kind = Kind::kFound;
    read.length = walk.at();
  }
  return read;
}

std::string Restorer::Feed(std::string_view piece, bool is_last) {
  held_.append(piece);
  const std::string_view all = held_;
  std::string settled;
  size_t at = 0;
  while (at < all.size()) {
    const size_t open = std::min(all.find('[', at), all.size());
    settled += all.substr(at, open - at);
    at = open;
    if (at == all.size()) break;
    const PlaceholderRead read = ReadPlaceholder(all.substr(at), is_last);
    if (read.kind == Kind::kOpen) break;
    const std::string* value = read.kind == Kind::kFound ? values_.Find(read.canonical) : nullptr;
    if (value != nullptr) {
      settled += *value;
      at += read.length;
    } else {
      settled += all[at++];
    }
  }
  held_.erase(0, at);
  return settled;
}

}  // namespace weir::text
