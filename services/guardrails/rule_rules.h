#pragma once

#include <string_view>

#include "common/status/bad_fields.h"
#include "weir/guardrails/v1/guardrails_admin.pb.h"

namespace weir::guardrails {

// What is wrong with `rule`, which is at `path` ("policy.rules[0]"), goes to `bad`. Its name is the
// policy's business. Compiles its expression: about 200 us.
void CheckRule(std::string_view path, const v1::Rule& rule, status::BadFields& bad);

}  // namespace weir::guardrails
