#pragma once

#include "tests/mock_upstream/event_loop.h"

namespace weir::mock {

// Serves ControlApi to one client on `loop`. Call on the loop's thread; returns at once.
//
// Before it answers, every loop has finished what it was doing when the request came: an answer
// that a client has read to its end is in the books.
void ServeControl(CorePtr core, EventLoop& loop, Socket socket);

}  // namespace weir::mock
