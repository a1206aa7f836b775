#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/api/lru.h"
#include "common/async/mutex.h"
#include "common/crypto/hmac.h"

namespace weir::guardrails {

// What stands for values is made under the organisation's own key, derived from one secret (RFC
// 5869's idea, with HMAC-SHA256 and the organisation's name), so that hashes of one organisation
// say nothing about another's. Thread-safe.
class HashKeys {
 public:
  // The secret's file in the secrets directory: 32 bytes in hex. All replicas have the same.
  static constexpr std::string_view kFile = "hash.key";
  static constexpr size_t kBytes = 32;

  explicit HashKeys(std::string_view secret) : secret_(secret), seals_(Derived("state", "")) {}

  std::shared_ptr<const crypto::Hmac> Of(const std::string& organization);
  // Says whether the state of a stream is one of ours.
  const crypto::Hmac& seals() const { return seals_; }

 private:
  static constexpr size_t kKept = 1024;
  std::string Derived(std::string_view purpose, std::string_view organization) const;

  const crypto::Hmac secret_;
  const crypto::Hmac seals_;
  Mutex mutex_;
  api::Lru<std::string, std::shared_ptr<const crypto::Hmac>> keys_ ABSL_GUARDED_BY(mutex_){kKept};
};

}  // namespace weir::guardrails
