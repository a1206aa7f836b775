#include "services/routing/field_rules.h"

#include <algorithm>
#include <array>
#include <optional>

#include "common/text/ascii.h"
#include "common/text/excerpt.h"
#include "common/text/parse.h"
#include "common/text/utf8.h"
#include "common/time/proto_time.h"

namespace weir::routing {
namespace {

constexpr size_t kMaxNameBytes = 63;
constexpr size_t kMaxTextBytes = 200;
constexpr size_t kMaxHeaderBytes = 100;

bool IsNameChar(char c) { return text::IsLower(c) || text::IsDigit(c) || c == '-'; }

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool IsTokenChar(char c) {
  return text::IsAlnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// A credential in one of these would change where a message goes or where it ends.
bool IsFramingHeader(std::string_view name) {
  static constexpr std::array<std::string_view, 10> kFraming = {"host",
                                                                "content-length",
                                                                "content-type",
                                                                "content-encoding",
                                                                "transfer-encoding",
                                                                "connection",
                                                                "te",
                                                                "trailer",
                                                                "upgrade",
                                                                "expect"};
  return std::ranges::any_of(
      kFraming, [name](std::string_view each) { return text::EqualsIgnoreCase(each, name); });
}

}  // namespace

void CheckOrganization(std::string_view path, std::string_view got, status::BadFields& bad) {
  const bool good = !got.empty() && got.size() <= kMaxNameBytes && text::IsLower(got.front()) &&
                    std::ranges::all_of(got, IsNameChar);
  bad.Require(good, path, text::Excerpt(got), "1 to 63 of [a-z0-9-], starting with a letter");
}

void CheckName(std::string_view path, std::string_view got, size_t least, status::BadFields& bad) {
  const bool good =
      got.size() >= least && got.size() <= kMaxNameBytes && std::ranges::all_of(got, IsNameChar);
  bad.Require(good, path, text::Excerpt(got), fmt::format("{} to 63 of [a-z0-9-]", least));
}

void CheckModelName(std::string_view path, std::string_view got, status::BadFields& bad) {
  const bool good =
      !got.empty() && got.size() <= kMaxTextBytes && text::IsValidUtf8(got) &&
      std::ranges::none_of(got, [](char c) { return text::IsSpace(c) || IsControl(c); });
  bad.Require(good, path, text::Excerpt(got), "1 to 200 bytes without spaces");
}

void CheckDisplayName(std::string_view path, std::string_view got, status::BadFields& bad) {
  const bool good =
      got.size() <= kMaxTextBytes && text::IsValidUtf8(got) && std::ranges::none_of(got, IsControl);
  bad.Require(good, path, text::Excerpt(got), "at most 200 bytes of printable text");
}

void CheckHeaderName(std::string_view path, std::string_view got, status::BadFields& bad) {
  const bool good =
      !got.empty() && got.size() <= kMaxHeaderBytes && std::ranges::all_of(got, IsTokenChar);
  bad.Require(good, path, text::Excerpt(got), "the name of a header, at most 100 bytes");
  if (good && IsFramingHeader(got)) bad.Add(path, "is '{}', which cannot carry a credential", got);
}

void CheckDuration(std::string_view path, const google::protobuf::Duration& got,
                   DurationRange range, status::BadFields& bad) {
  const std::optional<Duration> duration = FromProto(got);
  if (duration && *duration >= range.least && *duration <= range.most) return;
  bad.Add(path, "is {}, want {} to {}", duration ? text::FormatDuration(*duration) : "malformed",
          text::FormatDuration(range.least), text::FormatDuration(range.most));
}

}  // namespace weir::routing
