#pragma once

namespace weir::rpc {

// What gRPC says goes to our log, as event "grpc.log": errors at debug level, for it calls an error
// what is an ordinary day (a peer that went away), and whoever asked hears of it in another way.
void TakeGrpcLog();

}  // namespace weir::rpc
