#pragma once

namespace weir::rpc {

// gRPC as the processes of a suite use it. Before its first use, while no other thread reads the
// environment.
//
// What it says goes to our log, as event "grpc.log": errors at debug level, for it calls an error
// what is an ordinary day (a peer that went away), and whoever asked hears of it in another way.
//
// Each thread waits for its own sockets: with one set of them for the whole process, the default,
// whichever thread waits is woken for all others, and wakes them. Unless the environment says
// otherwise (GRPC_POLL_STRATEGY).
void SetUpGrpc();

}  // namespace weir::rpc
