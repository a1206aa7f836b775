#pragma once

#include <google/protobuf/message.h>

#include <istream>
#include <ostream>
#include <string>
#include <string_view>

#include "apps/weirctl/arguments.h"
#include "common/config/environment.h"
#include "common/rpc/admin_client.h"
#include "common/status/status.h"
#include "common/time/clock.h"

namespace weir::weirctl {

// What a command has to work with.
struct Surroundings {
  const config::Environment& environment;
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  const Clock& clock;
};

struct CommandContext {
  rpc::AdminClient& client;
  const Arguments& arguments;
  const Surroundings& around;

  bool json() const { return arguments.json; }
  const std::string& organization() const { return arguments.organization; }
  std::ostream& out() const { return around.out; }
};

// One each; an error's message is what the operator sees.
absl::Status RunApply(const CommandContext& context, const ApplyArguments& arguments);
absl::Status RunKeysCreate(const CommandContext& context, const KeysCreateArguments& arguments);
absl::Status RunKeysList(const CommandContext& context, const KeysListArguments& arguments);
absl::Status RunKeysRevoke(const CommandContext& context, const KeysRevokeArguments& arguments);
absl::Status RunUsage(const CommandContext& context, const UsageArguments& arguments);
absl::Status RunLimits(const CommandContext& context, const LimitsArguments& arguments);
absl::Status RunGuardTest(const CommandContext& context, const GuardTestArguments& arguments);
absl::Status RunCacheExplain(const CommandContext& context, const CacheExplainArguments& arguments);
absl::Status RunCacheStats(const CommandContext& context, const CacheStatsArguments& arguments);
// kInvalidArgument: not one thing is named.
absl::Status RunCacheInvalidate(const CommandContext& context,
                                const CacheInvalidateArguments& arguments);
absl::Status RunStatus(const CommandContext& context, const StatusArguments& arguments);
// kUnavailable: nobody answers there within 4 s, or something else than 200. Asks no admin port.
absl::Status RunReady(const ReadyArguments& arguments);
absl::Status RunCall(const CommandContext& context, const CallArguments& arguments);

// Runs what `words` (without the program's name) say. 0: done; 1: it failed, `err` says why; 2:
// wrong usage.
int Run(const std::vector<std::string>& words, const Surroundings& around);

}  // namespace weir::weirctl
