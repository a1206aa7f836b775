#pragma once

#include <memory>
#include <string>

#include "common/testing/fake_clock.h"
#include "common/testing/seeded_random.h"
#include "services/identity/admin_tokens.h"
#include "services/identity/change_feed.h"
#include "services/identity/identity_admin.h"
#include "services/identity/identity_service.h"

namespace weir::identity {

// A whole identity over `directory` for tests, with an organisation "acme".
struct TestIdentity {
  explicit TestIdentity(std::shared_ptr<Directory> its_directory, IdentityConfig its_config = {})
      : directory(std::move(its_directory)), config(std::move(its_config)) {
    (void)admin.EnsureOrganization("acme");
  }

  // Outlives the workers, which post to it.
  asio::io_context loop;
  std::shared_ptr<Directory> directory;
  IdentityConfig config;
  testing::FakeClock clock;
  testing::SeededRandom random{42};
  KeyHasher hasher{"a pepper for tests only"};
  WorkerPool workers{"identity", 2, 100};
  std::unique_ptr<ChangeFeed> feed = *ChangeFeed::Open({.directory = *directory, .clock = clock});
  AdminTokens tokens{config,
                     {.directory = *directory, .hasher = hasher, .clock = clock, .random = random}};
  IdentityAdmin admin{config,
                      {.directory = *directory,
                       .feed = *feed,
                       .tokens = tokens,
                       .hasher = hasher,
                       .clock = clock,
                       .random = random}};
  IdentityService service{config,
                          {.directory = *directory,
                           .feed = *feed,
                           .hasher = hasher,
                           .workers = workers,
                           .clock = clock}};
  // May do everything.
  const api::AdminCall root = {.actor = "test", .role = common::v1::ROLE_ADMIN};
};

}  // namespace weir::identity
