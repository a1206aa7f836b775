#include "common/rpc/grpc_setup.h"

#include <grpc/support/log.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "common/log/log.h"
#include "common/text/excerpt.h"

namespace weir::rpc {
namespace {

void Log(gpr_log_func_args* line) {
  // Its last word: it ends the process next.
  if (std::string_view(line->message).starts_with("assertion failed")) {
    std::fprintf(stderr, "%s:%d: %s\n", line->file, line->line, line->message);
    return;
  }
  log::Debug("grpc.log", {{"severity", gpr_log_severity_string(line->severity)},
                          {"text", text::Excerpt(line->message, 512)}});
}

}  // namespace

void SetUpGrpc() {
  ::setenv("GRPC_POLL_STRATEGY", "poll", /*overwrite=*/0);
  // A channel that nobody calls and that is being connected waits for nobody's thread but this
  // timer's; 5 s by default.
  ::setenv("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "2000", /*overwrite=*/0);
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
  gpr_set_log_function(Log);
}

}  // namespace weir::rpc
