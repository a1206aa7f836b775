#include "services/guardrails/cues.h"
#include "services/guardrails/recognisers.h"

namespace weir::guardrails {
namespace {

// Where an octet ends that begins at `at`; `at`: none does.
size_t Octet(Reader& reader, size_t at) {
  int value = 0;
  size_t end = at;
  while (reader.HasDigit(end) && end < at + 3) value = value * 10 + (reader.At(end++) - '0');
  return value > 255 || reader.HasDigit(end) ? at : end;
}

// "192.0.2.7" is written like the version of a browser.
bool IsVersion(std::string_view before) {
  return HasCue(before, {"version", "release", "section", "chrome", "windows", "firefox", "build",
                         "firmware", "kernel", "driver", "chapter"}) &&
         !HasCue(before, {"ip", "address", "host", "server"});
}

size_t IpV4(Reader& reader, std::string_view before) {
  size_t at = 0;
  for (int i = 0; i < 4; ++i) {
    if (i > 0 && !reader.Has(at++, '.')) return 0;
    const size_t end = Octet(reader, at);
    if (end == at) return 0;
    at = end;
  }
  if (reader.HasAlnum(at) || reader.Has(at, '_')) return 0;
  if ((reader.Has(at, '.') || reader.Has(at, '-')) && reader.HasAlnum(at + 1)) return 0;
  if (!before.empty() && (before.back() == '.' || before.back() == '-')) return 0;
  return IsVersion(before) ? 0 : at;
}

bool IsHex(int c) {
  return Reader::IsDigit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f' && c > 0);
}

// Hexadecimal parts between colons.
struct Parts {
  int count = 0;
  bool has_gap = false;   // "::".
  bool has_long = false;  // One of three or four digits: neither a time nor a hardware address.
  size_t end = 0;
};

// Takes a part of up to four digits; false: there is none.
bool TakePart(Reader& reader, Parts& parts) {
  const size_t begin = parts.end;
  size_t end = begin;
  while (IsHex(reader.At(end)) && end < begin + 4) ++end;
  if (end == begin || IsHex(reader.At(end))) return false;
  ++parts.count;
  parts.has_long = parts.has_long || end - begin >= 3;
  parts.end = end;
  return true;
}

Parts ReadParts(Reader& reader) {
  Parts parts;
  if (!TakePart(reader, parts)) return parts;
  while (parts.count < 8 && reader.Has(parts.end, ':')) {
    const bool is_gap = reader.Has(parts.end + 1, ':');
    if (is_gap && parts.has_gap) break;
    Parts next = parts;
    next.has_gap = parts.has_gap || is_gap;
    next.end += is_gap ? 2 : 1;
    if (!TakePart(reader, next)) {
      if (is_gap && parts.count > 1) parts = {next.count, true, next.has_long, next.end};
      break;
    }
    parts = next;
  }
  return parts;
}

size_t IpV6(Reader& reader, std::string_view before) {
  if (!before.empty() && before.back() == ':' && before.size() > 1 &&
      (before[before.size() - 2] == ':' || text::IsAlnum(before[before.size() - 2]))) {
    return 0;
  }
  if (!IsHex(reader.At(0))) return 0;
  const Parts parts = ReadParts(reader);
  const bool is_complete = parts.has_gap ? parts.count >= 2 && parts.count < 8 : parts.count == 8;
  if (!is_complete || !parts.has_long) return 0;
  if (reader.HasAlnum(parts.end) || reader.Has(parts.end, '_')) return 0;
  return parts.end;
}

}  // namespace

Recognition RecogniseIpAddress(Reader& reader, std::string_view before) {
  if (reader.HasDigit(0)) {
    if (const size_t length = IpV4(reader, before)) return {.length = length};
  }
  return {.length = IpV6(reader, before)};
}

}  // namespace weir::guardrails
