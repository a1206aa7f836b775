#include "services/guardrails/delta_state.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "common/text/placeholder.h"
#include "services/guardrails/replacements.h"

namespace weir::guardrails {
namespace {

constexpr char kVersion = 1;
constexpr size_t kMacBytes = 16;
constexpr size_t kHeader = 1 + kMacBytes;

std::string MacOf(std::string_view body, std::string_view stream, const crypto::Hmac& seals) {
  // The length keeps a stream's name from growing into the body.
  std::string sealed = std::to_string(stream.size());
  sealed.append(1, '\n').append(stream).append(body);
  return crypto::ToBytes(seals(sealed)).substr(0, kMacBytes);
}

void PutNumber(std::string& out, size_t number) {
  out.push_back(static_cast<char>(number >> 8 & 0xff));
  out.push_back(static_cast<char>(number & 0xff));
}

void PutText(std::string& out, std::string_view text) {
  PutNumber(out, text.size());
  out.append(text);
}

// Reads what was put; once something is wrong, nothing more.
class Taker {
 public:
  explicit Taker(std::string_view bytes) : rest_(bytes) {}

  size_t Number() {
    const std::string_view bytes = Bytes(2);
    if (!is_good_) return 0;
    return size_t{static_cast<unsigned char>(bytes[0])} << 8 | static_cast<unsigned char>(bytes[1]);
  }
  std::string_view Bytes(size_t size) {
    is_good_ = is_good_ && size <= rest_.size();
    if (!is_good_) return {};
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  std::string Text() { return std::string(Bytes(Number())); }
  void Require(bool holds) { is_good_ = is_good_ && holds; }

  bool is_good() const { return is_good_; }
  bool is_done() const { return is_good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool is_good_ = true;
};

void PutNumbers(std::string& out, const PlaceholderNumbers::Types& types) {
  PutNumber(out, types.size());
  for (const auto& [type, its] : types) {
    PutText(out, type);
    PutNumber(out, static_cast<size_t>(its.last));
    PutNumber(out, its.given.size());
    for (const auto& [digest, number] : its.given) {
      out.append(digest);
      PutNumber(out, static_cast<size_t>(number));
    }
  }
}

int TakePlaceholderNumber(Taker& taker) {
  const size_t number = taker.Number();
  taker.Require(number <= static_cast<size_t>(text::kMostPlaceholders));
  return static_cast<int>(number);
}

PlaceholderNumbers::Types TakeNumbers(Taker& taker) {
  PlaceholderNumbers::Types types;
  const size_t count = taker.Number();
  for (size_t i = 0; i < count && taker.is_good(); ++i) {
    const std::string type = taker.Text();
    taker.Require(!type.empty() && type.size() <= text::kLongestPlaceholderType &&
                  std::ranges::all_of(type, [](char c) { return c >= 'A' && c <= 'Z'; }));
    PlaceholderNumbers::OfType& its = types[type];
    its.last = TakePlaceholderNumber(taker);
    const size_t values = taker.Number();
    for (size_t k = 0; k < values && taker.is_good(); ++k) {
      const std::string_view digest = taker.Bytes(Replacements::kDigestBytes);
      const int number = TakePlaceholderNumber(taker);
      taker.Require(number >= 1 && number <= its.last);
      its.given.emplace(digest, number);
    }
  }
  return types;
}

absl::Status NotOurs() {
  return status::InvalidArgument("state is not what was returned with the last delta");
}

}  // namespace

std::string EncodeState(const DeltaState& state) {
  std::string body;
  PutText(body, state.blocking);
  PutText(body, state.replacing);
  PutText(body, state.watching);
  PutText(body, state.carry);
  PutText(body, state.tail);
  PutNumber(body, state.held);
  PutNumber(body, state.unread);
  PutNumber(body, state.injection_told ? 1 : 0);
  PutNumbers(body, state.numbers);
  return body;
}

absl::StatusOr<DeltaState> DecodeState(std::string_view bytes) {
  Taker taker(bytes);
  DeltaState state;
  state.blocking = taker.Text();
  state.replacing = taker.Text();
  state.watching = taker.Text();
  state.carry = taker.Text();
  state.tail = taker.Text();
  state.held = taker.Number();
  state.unread = taker.Number();
  const size_t told = taker.Number();
  state.injection_told = told == 1;
  taker.Require(state.carry.size() <= 3 && state.held <= state.tail.size() && told <= 1);
  state.numbers = TakeNumbers(taker);
  if (!taker.is_done()) return NotOurs();
  return state;
}

std::string SealState(const DeltaState& state, std::string_view stream, const crypto::Hmac& seals) {
  const std::string body = EncodeState(state);
  return std::string(1, kVersion).append(MacOf(body, stream, seals)).append(body);
}

absl::StatusOr<DeltaState> OpenState(std::string_view sealed, std::string_view stream,
                                     const crypto::Hmac& seals) {
  if (sealed.size() < kHeader || sealed.size() > DeltaState::kMostBytes || sealed[0] != kVersion) {
    return NotOurs();
  }
  const std::string_view body = sealed.substr(kHeader);
  if (!crypto::EqualInConstantTime(sealed.substr(1, kMacBytes), MacOf(body, stream, seals))) {
    return NotOurs();
  }
  return DecodeState(body);
}

}  // namespace weir::guardrails
