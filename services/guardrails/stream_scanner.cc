#include "services/guardrails/stream_scanner.h"

#include <algorithm>
#include <utility>

#include "common/text/utf8.h"

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

// Bytes at the end that begin a character and do not end it.
size_t UnfinishedBytes(std::string_view text) {
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    const std::string_view last = text.substr(text.size() - back);
    if ((static_cast<unsigned char>(last[0]) & 0xc0) == 0x80) continue;
    return text::DecodeRune(last).kind == text::Rune::Kind::kTruncated ? back : 0;
  }
  return 0;
}

}  // namespace

size_t StreamScanner::TakePemTail(std::string_view text, size_t at, bool is_last,
                                  const Reach& reach) {
  const std::string_view rest = text.substr(at);
  const size_t room = kLongestPem - tail_bytes_;
  const size_t end = rest.find(kPemEnd);
  if (end != std::string_view::npos) {
    const size_t most = std::min(kLongestPemEnd, reach.From(at + end, text) - (at + end));
    const std::string_view line = rest.substr(end, most);
    const bool may_go_on = most < kLongestPemEnd && at + end + most == text.size();
    const size_t dashes = line.find(kDashes, kPemEnd.size());
    const bool is_closed = dashes != std::string_view::npos;
    if (!is_closed && may_go_on && !is_last) return std::min(room, end);
    tail_ = Tail::kNone;
    return std::min(room, end + (is_closed ? dashes + kDashes.size() : kPemEnd.size()));
  }
  // The END line may have begun.
  const size_t keep = is_last ? 0 : std::min(rest.size(), kPemEnd.size() - 1);
  return std::min(room, rest.size() - keep);
}

size_t StreamScanner::TakeTail(std::string_view text, size_t at, bool is_last, const Reach& reach) {
  size_t taken = 0;
  if (tail_ == Tail::kToken) {
    const TokenEnd end = TokenTail(text.substr(at), is_last);
    taken = end.length;
    if (!end.is_open) tail_ = Tail::kNone;
  } else {
    taken = TakePemTail(text, at, is_last, reach);
    if (tail_bytes_ + taken >= kLongestPem) tail_ = Tail::kNone;
  }
  tail_bytes_ += static_cast<uint32_t>(taken);
  return taken;
}

// Hands parts on in the bytes that came. What nobody sees between a text and a value is text.
class StreamScanner::Emitter {
 public:
  // `read` begins at `begin` of the text that is taken apart.
  Emitter(const NormalisedText& read, std::string_view raw, size_t begin, Parts& parts)
      : read_(read), raw_(raw), begin_(begin), parts_(parts) {}

  void TextUntil(size_t end) { Text(read_.RawEnd(end - begin_)); }
  void Value(Kind kind, size_t begin, size_t end) {
    Text(read_.RawBegin(begin - begin_));
    parts_.Value(kind, Take(read_.RawEnd(end - begin_)));
  }
  void TailUntil(size_t end) {
    const std::string_view more = Take(read_.RawEnd(end - begin_));
    if (!more.empty()) parts_.Tail(more);
  }
  void Rest() { Text(raw_.size()); }
  // Bytes that were handed on.
  size_t done() const { return done_; }

 private:
  void Text(size_t end) {
    const std::string_view text = Take(end);
    if (!text.empty()) parts_.Text(text);
  }
  std::string_view Take(size_t end) {
    const std::string_view taken = raw_.substr(done_, std::max(end, done_) - done_);
    done_ += taken.size();
    return taken;
  }

  const NormalisedText& read_;
  const std::string_view raw_;
  const size_t begin_;
  Parts& parts_;
  size_t done_ = 0;
};

size_t StreamScanner::TakeApart(std::string_view text, size_t at, bool is_last, const Reach& reach,
                                Emitter& emitter) {
  for (;;) {
    if (tail_ != Tail::kNone) {
      at += TakeTail(text, at, is_last, reach);
      emitter.TailUntil(at);
      if (tail_ != Tail::kNone) return at;
    }
    const Match match = FindNext(text, at, is_last, vocabulary_, reach);
    at = match.begin;
    if (!match.found()) {
      emitter.TextUntil(at);
      return at;
    }
    emitter.Value(match.kind, at, at + match.length);
    at += match.length;
    tail_ = match.tail;
    tail_bytes_ = 0;
  }
}

void StreamScanner::Feed(std::string_view piece, bool is_last, Parts& parts) {
  buffer_.append(piece);
  std::string_view raw = std::string_view(buffer_).substr(context_);
  const size_t unfinished = is_last ? 0 : UnfinishedBytes(raw);
  raw.remove_suffix(unfinished);
  const NormalisedText read(raw, context_ > 0 ? buffer_[context_ - 1] : '\0');
  Emitter emitter(read, raw, context_, parts);
  std::string copy;
  std::string_view text = std::string_view(buffer_).substr(0, context_ + raw.size());
  if (!read.is_verbatim()) {
    copy.append(buffer_, 0, context_).append(read.text());
    text = copy;
  }
  const Reach reach = read.is_verbatim() ? Reach() : Reach(read, context_);
  const size_t at = TakeApart(text, context_, is_last, reach, emitter);
  if (is_last) emitter.Rest();
  const size_t context = std::min(at, kContext);
  std::string next(text.substr(at - context, context));
  next.append(buffer_, context_ + emitter.done());
  buffer_ = std::move(next);
  context_ = context;
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
      buffer.size() - context >= kMostHeld) {
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
