#include "common/rpc/grpc_log.h"

#include <grpc/support/log.h>

#include "common/log/log.h"
#include "common/text/excerpt.h"

namespace weir::rpc {
namespace {

void Log(gpr_log_func_args* line) {
  log::Debug("grpc.log", {{"severity", gpr_log_severity_string(line->severity)},
                          {"text", text::Excerpt(line->message, 512)}});
}

}  // namespace

void TakeGrpcLog() {
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
  gpr_set_log_function(Log);
}

}  // namespace weir::rpc
