#pragma once

#include <string_view>

#include "common/status/bad_fields.h"
#include "weir/cache/v1/cache_admin.pb.h"

namespace weir::cache {

// 1 to 63 of [a-z0-9-], starting with a letter.
void CheckOrganization(std::string_view path, std::string_view got, status::BadFields& bad);

// 1 to 63 of [a-z0-9-].
void CheckPolicyName(std::string_view path, std::string_view got, status::BadFields& bad);

// What is wrong with `policy` (the request's field "policy") goes to `bad`. Whom it is attached to
// need not exist.
void CheckPolicy(const v1::CachePolicy& policy, status::BadFields& bad);

// Answers of before an edit of `before` to `after` may not be used any more: they belong to other
// questions.
bool MakesAnswersUseless(const v1::CachePolicy& before, const v1::CachePolicy& after);

}  // namespace weir::cache
