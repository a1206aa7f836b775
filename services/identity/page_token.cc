#include "services/identity/page_token.h"

#include "common/text/base64.h"
#include "common/text/parse.h"

namespace weir::identity {
namespace {

constexpr int32_t kDefaultSize = 100;
constexpr int32_t kLargestSize = 1000;
constexpr std::string_view kNameMark = "n:";
constexpr std::string_view kPositionMark = "p:";

int ReadSize(int32_t page_size, status::BadFields& bad) {
  bad.InRange("page_size", page_size, 0, kLargestSize);
  if (page_size < 0 || page_size > kLargestSize) return 2;
  return (page_size == 0 ? kDefaultSize : page_size) + 1;
}

// What stands behind `mark`; nothing where the token is not one of ours.
std::optional<std::string> ReadToken(std::string_view token, std::string_view mark) {
  const std::optional<std::string> text = text::Base64UrlDecode(token);
  if (!text || !text->starts_with(mark)) return std::nullopt;
  return text->substr(mark.size());
}

void AddTokenFault(status::BadFields& bad) {
  bad.Add("page_token", "got another text than the last page's next_page_token");
}

}  // namespace

NamePage ReadNamePage(int32_t page_size, std::string_view token, status::BadFields& bad) {
  NamePage page = {.limit = ReadSize(page_size, bad)};
  if (token.empty()) return page;
  std::optional<std::string> after = ReadToken(token, kNameMark);
  if (!after) AddTokenFault(bad);
  page.after = after.value_or("");
  return page;
}

PositionPage ReadPositionPage(int32_t page_size, std::string_view token, status::BadFields& bad) {
  PositionPage page = {.limit = ReadSize(page_size, bad)};
  if (token.empty()) return page;
  const std::optional<std::string> text = ReadToken(token, kPositionMark);
  const std::optional<int64_t> after = text ? text::ParseInt64(*text) : std::nullopt;
  if (!after || *after < 0) AddTokenFault(bad);
  page.after = after.value_or(0);
  return page;
}

std::string NameToken(std::string_view last_name) {
  return text::Base64UrlEncode(fmt::format("{}{}", kNameMark, last_name));
}

std::string PositionToken(int64_t last_position) {
  return text::Base64UrlEncode(fmt::format("{}{}", kPositionMark, last_position));
}

}  // namespace weir::identity
