#pragma once

#include "common/redis/client.h"

namespace weir::quota {

// The scripts of scripts/*.lua, as a server is asked to run them. Values.
struct RedisScripts {
  RedisScripts();
  redis::Script reserve, extend, settle, release, renew, reap, peek, restore, confirm;
  redis::Script lease, give_back, forsake, announce, forget, server;
};

}  // namespace weir::quota
