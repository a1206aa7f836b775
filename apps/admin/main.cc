// weir-admin: the door for browsers and curl. `weir-admin --config FILE`.

#include <unistd.h>

#include "apps/admin/admin_door.h"
#include "apps/admin/config.h"
#include "common/process/program.h"
#include "common/rpc/grpc_setup.h"

namespace {

using namespace weir;  // NOLINT: the composition root names everything.

absl::StatusOr<process::Loaded> Load(const std::string& path,
                                     const config::Environment& environment) {
  admin::AdminConfig config;
  WEIR_ASSIGN_OR_RETURN(config::Settings settings,
                        process::ReadConfig(path, environment, [&config](config::Reader& root) {
                          admin::ReadAdminConfig(root, config);
                        }));
  return process::Loaded{.settings = std::move(settings),
                         .log = config.log,
                         .banner = process::Banner(config.profile),
                         .start = [config] { return process::Begin<admin::AdminDoor>(config); }};
}

}  // namespace

int main(int argc, char** argv) {
  rpc::SetUpGrpc();
  return process::Main({.name = "weir-admin",
                        .service = "admin",
                        .summary = "The admin services for browsers and curl, in JSON.",
                        .version = WEIR_VERSION,
                        .load = Load},
                       argc, argv, environ);
}
