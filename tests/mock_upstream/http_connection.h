#pragma once

#include "tests/mock_upstream/event_loop.h"

namespace weir::mock {

// Serves the requests of one client on `loop`, TLS or plain as `core` says, until it leaves, asks
// to close, or a behaviour cuts it. Call on the loop's thread; returns at once.
//
// While an answer waits (before its first byte, between frames), the connection reads: a client
// that leaves, or only ends its half, is noticed at once and the exchange is booked as aborted.
void Serve(CorePtr core, EventLoop& loop, Socket socket);

}  // namespace weir::mock
