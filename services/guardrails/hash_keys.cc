#include "services/guardrails/hash_keys.h"

#include <fmt/format.h>

namespace weir::guardrails {

std::string HashKeys::Derived(std::string_view purpose, std::string_view organization) const {
  return crypto::ToBytes(secret_(fmt::format("weir guardrails v1\n{}\n{}", purpose, organization)));
}

std::shared_ptr<const crypto::Hmac> HashKeys::Of(const std::string& organization) {
  MutexLock lock(mutex_);
  if (const auto* known = keys_.Find(organization)) return *known;
  auto made = std::make_shared<const crypto::Hmac>(Derived("hash", organization));
  keys_.Put(organization, made);
  return made;
}

}  // namespace weir::guardrails
