#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/async/event_stream.h"
#include "common/ids/random.h"
#include "common/redis/connection.h"

namespace weir::redis {

struct PubSubEvent {
  enum class Kind : uint8_t {
    kMessage,
    // Subscribed, for the first time or again: what was published before may have been missed.
    kSubscribed,
  };
  Kind kind = Kind::kMessage;
  std::string channel;
  std::string message;
};

// What is published in `channels`, over a connection of its own that comes back by itself; ends
// when the last reader lets go of it, or where its reader falls behind by 1,024 events. `timers` is
// of `loop`; it and `random` must outlive the loop's last turn.
std::shared_ptr<EventStream<PubSubEvent>> Subscribe(asio::any_io_executor loop, Timers& timers,
                                                    Random& random,
                                                    std::shared_ptr<const Route> route,
                                                    std::vector<std::string> channels);

}  // namespace weir::redis
