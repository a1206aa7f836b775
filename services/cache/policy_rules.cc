#include "services/cache/policy_rules.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>

#include "common/text/ascii.h"
#include "common/text/excerpt.h"
#include "common/text/parse.h"
#include "common/text/utf8.h"
#include "common/time/proto_time.h"

namespace weir::cache {
namespace {

using common::v1::Attachment;
using v1::CachePolicy;

constexpr size_t kMaxNameBytes = 63;
constexpr size_t kMaxSubjectBytes = 200;
constexpr size_t kMaxPathBytes = 200;
constexpr int kMaxAttachments = 64;
constexpr double kLeastThreshold = 0.5;
constexpr Duration kLeastTtl = std::chrono::seconds(1);
constexpr Duration kMostTtl = std::chrono::hours(24 * 30);

bool IsNameChar(char c) { return text::IsLower(c) || text::IsDigit(c) || c == '-'; }
bool IsSpaceOrControl(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }

// NaN is in no range.
void CheckRange(std::string_view path, double got, double least, double most,
                status::BadFields& bad) {
  if (got >= least && got <= most) return;
  bad.Add(path, "got {}, want {} to {}", got, least, most);
}

bool IsSubject(std::string_view subject) {
  return !subject.empty() && subject.size() <= kMaxSubjectBytes && text::IsValidUtf8(subject) &&
         std::ranges::none_of(subject, IsSpaceOrControl);
}

void CheckAttachment(const std::string& path, const Attachment& attachment,
                     status::BadFields& bad) {
  const Attachment::Level level = attachment.level();
  if (level == Attachment::LEVEL_UNSPECIFIED || !Attachment::Level_IsValid(level)) {
    return bad.Add(path + ".level", "is unknown or unspecified");
  }
  const std::string subject_path = path + ".subject";
  const std::string shown = text::Excerpt(attachment.subject());
  if (level == Attachment::LEVEL_ORGANIZATION) {
    bad.Require(attachment.subject().empty(), subject_path, shown,
                "none: the policy is for the whole organisation");
  } else {
    bad.Require(IsSubject(attachment.subject()), subject_path, shown,
                "1 to 200 bytes without spaces");
  }
}

void CheckAttachments(const CachePolicy& policy, status::BadFields& bad) {
  if (policy.attachments_size() > kMaxAttachments) {
    return bad.Add("policy.attachments", "has {} entries, want at most {}",
                   policy.attachments_size(), kMaxAttachments);
  }
  std::set<std::pair<int, std::string>> seen;
  for (int i = 0; i < policy.attachments_size(); ++i) {
    const Attachment& each = policy.attachments(i);
    const std::string path = fmt::format("policy.attachments[{}]", i);
    CheckAttachment(path, each, bad);
    if (!seen.emplace(each.level(), each.subject()).second) {
      bad.Add(path, "is there twice, want each once");
    }
  }
}

void CheckTtl(const CachePolicy& policy, status::BadFields& bad) {
  if (!policy.has_ttl()) return;
  const std::optional<Duration> ttl = FromProto(policy.ttl());
  if (ttl && *ttl >= kLeastTtl && *ttl <= kMostTtl) return;
  bad.Add("policy.ttl", "is {}, want {} to {}", ttl ? text::FormatDuration(*ttl) : "malformed",
          text::FormatDuration(kLeastTtl), text::FormatDuration(kMostTtl));
}

// The form alone: which paths there are, whoever reads the body knows.
bool IsQuestionPath(std::string_view path) {
  return path.size() >= 2 && path.size() <= kMaxPathBytes && path[0] == '$' &&
         (path[1] == '.' || path[1] == '[') && text::IsValidUtf8(path) &&
         std::ranges::none_of(path, IsSpaceOrControl);
}

}  // namespace

void CheckOrganization(std::string_view path, std::string_view got, status::BadFields& bad) {
  const bool good = !got.empty() && got.size() <= kMaxNameBytes && text::IsLower(got.front()) &&
                    std::ranges::all_of(got, IsNameChar);
  bad.Require(good, path, text::Excerpt(got), "1 to 63 of [a-z0-9-], starting with a letter");
}

void CheckPolicyName(std::string_view path, std::string_view got, status::BadFields& bad) {
  const bool good =
      !got.empty() && got.size() <= kMaxNameBytes && std::ranges::all_of(got, IsNameChar);
  bad.Require(good, path, text::Excerpt(got), "1 to 63 of [a-z0-9-]");
}

void CheckPolicy(const CachePolicy& policy, status::BadFields& bad) {
  CheckOrganization("policy.organization", policy.organization(), bad);
  CheckPolicyName("policy.name", policy.name(), bad);
  CheckAttachments(policy, bad);
  if (policy.threshold() != 0) {
    CheckRange("policy.threshold", policy.threshold(), kLeastThreshold, 1, bad);
  }
  CheckTtl(policy, bad);
  if (!v1::Scope_IsValid(policy.scope())) bad.Add("policy.scope", "is unknown");
  if (!policy.question_path().empty()) {
    bad.Require(IsQuestionPath(policy.question_path()), "policy.question_path",
                text::Excerpt(policy.question_path()),
                "a JSONPath of at most 200 bytes, \"$.messages[0].content\"");
  }
  if (policy.has_max_temperature()) {
    CheckRange("policy.max_temperature", policy.max_temperature(), 0, 2, bad);
  }
  CheckRange("policy.hit_share", policy.hit_share(), 0, 1, bad);
}

bool MakesAnswersUseless(const CachePolicy& before, const CachePolicy& after) {
  return before.question_path() != after.question_path() || before.scope() != after.scope() ||
         before.per_model() != after.per_model();
}

}  // namespace weir::cache
