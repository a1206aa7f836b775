// weir: the gateway with everything in it. `weir --config FILE`.

#include <unistd.h>

#include "apps/apply/secret_source.h"
#include "apps/standalone/config.h"
#include "apps/standalone/standalone.h"
#include "common/log/log.h"
#include "common/process/program.h"

namespace weir::standalone {
namespace {

class Process final : public process::Running {
 public:
  explicit Process(std::unique_ptr<Standalone> weir) : weir_(std::move(weir)) {}
  void Drain() override { weir_->Drain(); }

 private:
  const std::unique_ptr<Standalone> weir_;
};

absl::StatusOr<std::unique_ptr<process::Running>> Start(const StandaloneConfig& config,
                                                        const config::Environment& environment) {
  WEIR_ASSIGN_OR_RETURN(std::unique_ptr<Standalone> weir,
                        Standalone::Create(config, apply::SecretSource(environment)));
  weir->Start();
  log::Info("weir.started", {{"version", WEIR_VERSION},
                             {"port", weir->edge().ports().front()},
                             {"ops_port", weir->edge().ops_port()},
                             {"admin_port", weir->admin_port()}});
  return std::make_unique<Process>(std::move(weir));
}

absl::StatusOr<process::Loaded> Load(const std::string& path,
                                     const config::Environment& environment) {
  WEIR_ASSIGN_OR_RETURN(StandaloneConfig config, LoadStandaloneConfig(path, environment));
  return process::Loaded{.settings = config.settings,
                         .log = config.log,
                         .banner = process::Banner(config.profile, config.edge.open_auth),
                         .start = [config, environment] { return Start(config, environment); }};
}

}  // namespace
}  // namespace weir::standalone

int main(int argc, char** argv) {
  return weir::process::Main({.name = "weir",
                              .service = "weir",
                              .summary = "The gateway with everything in it.",
                              .version = WEIR_VERSION,
                              .load = weir::standalone::Load},
                             argc, argv, environ);
}
