#include "services/guardrails/hash_keys.h"

#include <gtest/gtest.h>

namespace weir::guardrails {
namespace {

TEST(HashKeysTest, EachOrganisationHasItsOwnAndAlwaysTheSame) {
  HashKeys keys("secret"), replica("secret"), others("another secret");
  const crypto::Digest acme = (*keys.Of("acme"))("ann@example.com");
  EXPECT_EQ((*replica.Of("acme"))("ann@example.com"), acme);
  EXPECT_NE((*keys.Of("zeta"))("ann@example.com"), acme);
  EXPECT_NE((*others.Of("acme"))("ann@example.com"), acme);
  EXPECT_NE(keys.seals()("ann@example.com"), acme);
  EXPECT_NE((*keys.Of(""))("ann@example.com"), keys.seals()("ann@example.com"));
}

TEST(HashKeysTest, AForgottenOneIsMadeAgain) {
  HashKeys keys("secret");
  const crypto::Digest acme = (*keys.Of("acme"))("x");
  for (int i = 0; i < 3000; ++i) keys.Of(std::to_string(i));
  EXPECT_EQ((*keys.Of("acme"))("x"), acme);
}

}  // namespace
}  // namespace weir::guardrails
