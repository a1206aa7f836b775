#include "services/quota/redis_scripts.h"

namespace weir::quota {
namespace scripts {

// In the file that CMake makes of scripts/*.lua.
extern const std::string_view kReserve, kExtend, kSettle, kRelease, kRenew, kReap, kPeek, kRestore,
    kConfirm, kAnnounce, kForget, kLease, kReturn, kForsake, kServer;

}  // namespace scripts

namespace {

redis::Script Make(std::string_view source) { return redis::MakeScript(std::string(source)); }

}  // namespace

RedisScripts::RedisScripts()
    : reserve(Make(scripts::kReserve)),
      extend(Make(scripts::kExtend)),
      settle(Make(scripts::kSettle)),
      release(Make(scripts::kRelease)),
      renew(Make(scripts::kRenew)),
      reap(Make(scripts::kReap)),
      peek(Make(scripts::kPeek)),
      restore(Make(scripts::kRestore)),
      confirm(Make(scripts::kConfirm)),
      lease(Make(scripts::kLease)),
      give_back(Make(scripts::kReturn)),
      forsake(Make(scripts::kForsake)),
      announce(Make(scripts::kAnnounce)),
      forget(Make(scripts::kForget)),
      server(Make(scripts::kServer)) {}

}  // namespace weir::quota
