#include "services/guardrails/stream_scanner.h"

#include <algorithm>

namespace weir::guardrails {
namespace {

using Tail = Recognition::Tail;

// A private key is no longer.
constexpr uint32_t kLongestPem = 16 * 1024;
// "-----END ENCRYPTED PRIVATE KEY-----" and others that are as long.
constexpr std::string_view kPemEnd = "-----END ";
constexpr std::string_view kDashes = "-----";
constexpr size_t kLongestPemEnd = 64;

constexpr char kVersion = 1;
constexpr size_t kHeader = 7;

struct TokenEnd {
  size_t length = 0;
  bool is_open = true;  // It goes to the end of what there is.
};

bool IsTokenByte(char c) { return text::IsAlnum(c) || c == '-' || c == '_'; }

// A dot belongs to it where it goes on behind that.
TokenEnd TokenTail(std::string_view text, bool is_last) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (IsTokenByte(text[at])) continue;
    if (text[at] != '.') return {at, false};
    if (at + 1 == text.size()) return {at, !is_last};
    if (!IsTokenByte(text[at + 1])) return {at, false};
  }
  return {text.size(), !is_last};
}

}  // namespace

size_t StreamScanner::TakePemTail(std::string_view rest, bool is_last) {
  const size_t room = kLongestPem - tail_bytes_;
  const size_t end = rest.find(kPemEnd);
  if (end != std::string_view::npos) {
    const std::string_view line = rest.substr(end, kLongestPemEnd);
    const size_t dashes = line.find(kDashes, kPemEnd.size());
    const bool is_closed = dashes != std::string_view::npos;
    if (!is_closed && line.size() < kLongestPemEnd && !is_last) return std::min(room, end);
    tail_ = Tail::kNone;
    return std::min(room, end + (is_closed ? dashes + kDashes.size() : kPemEnd.size()));
  }
  // The END line may have begun.
  const size_t keep = is_last ? 0 : std::min(rest.size(), kPemEnd.size() - 1);
  return std::min(room, rest.size() - keep);
}

size_t StreamScanner::TakeTail(size_t at, bool is_last) {
  const std::string_view rest = std::string_view(buffer_).substr(at);
  size_t taken = 0;
  if (tail_ == Tail::kToken) {
    const TokenEnd end = TokenTail(rest, is_last);
    taken = end.length;
    if (!end.is_open) tail_ = Tail::kNone;
  } else {
    taken = TakePemTail(rest, is_last);
    if (tail_bytes_ + taken >= kLongestPem) tail_ = Tail::kNone;
  }
  tail_bytes_ += static_cast<uint32_t>(taken);
  return taken;
}

void StreamScanner::Feed(std::string_view piece, bool is_last, Parts& parts) {
  buffer_.append(piece);
  const std::string_view all = buffer_;
  size_t at = context_;
  for (;;) {
    if (tail_ != Tail::kNone) {
      const size_t taken = TakeTail(at, is_last);
      if (taken > 0) parts.Tail(all.substr(at, taken));
      at += taken;
      if (tail_ != Tail::kNone) break;
    }
    const Match match = FindNext(all, at, is_last, vocabulary_);
    if (match.begin > at) parts.Text(all.substr(at, match.begin - at));
    at = match.begin;
    if (!match.found()) break;
    parts.Value(match.kind, all.substr(at, match.length));
    at += match.length;
    tail_ = match.tail;
    tail_bytes_ = 0;
  }
  context_ = std::min(at, kContext);
  buffer_.erase(0, at - context_);
}

std::string StreamScanner::Save() const {
  std::string saved{kVersion, static_cast<char>(tail_), static_cast<char>(context_)};
  for (int shift = 0; shift < 32; shift += 8) {
    saved.push_back(static_cast<char>(tail_bytes_ >> shift & 0xff));
  }
  return saved.append(buffer_);
}

absl::Status StreamScanner::Load(std::string_view saved) {
  if (saved.size() < kHeader || saved[0] != kVersion) {
    return status::InvalidArgument("state has {} bytes, want at least {} that begin with {}",
                                   saved.size(), kHeader, int{kVersion});
  }
  const auto tail = static_cast<uint8_t>(saved[1]);
  const auto context = static_cast<uint8_t>(saved[2]);
  const std::string_view buffer = saved.substr(kHeader);
  if (tail > static_cast<uint8_t>(Tail::kPem) || context > kContext || context > buffer.size() ||
      buffer.size() - context >= kMostRead) {
    return status::InvalidArgument("state is not what was returned with the last delta");
  }
  uint32_t tail_bytes = 0;
  for (int i = 0; i < 4; ++i) {
    tail_bytes |= uint32_t{static_cast<unsigned char>(saved[3 + static_cast<size_t>(i)])} << 8 * i;
  }
  buffer_ = buffer;
  context_ = context;
  tail_ = static_cast<Tail>(tail);
  tail_bytes_ = std::min(tail_bytes, kLongestPem);
  return absl::OkStatus();
}

}  // namespace weir::guardrails
