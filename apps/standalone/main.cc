// weir: the gateway with everything in it. `weir --config FILE`.

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>

#include "apps/apply/secret_source.h"
#include "apps/standalone/config.h"
#include "apps/standalone/standalone.h"
#include "common/config/environment.h"
#include "common/log/log.h"
#include "common/process/startup_pages.h"

namespace {

using namespace weir;  // NOLINT: the composition root names everything.

constexpr char kUsage[] =
    "usage: weir --config FILE [--check-config]\n"
    "\n"
    "  --config FILE    the YAML file of this process; WEIR_* variables override any key\n"
    "  --check-config   lists every fault of the file and ends: 0 without one, 1 else\n"
    "  --version        prints the version\n";

struct Arguments {
  std::string config;
  bool check = false;
};

// Exits by itself for --help, --version and what it does not understand.
Arguments ParseArguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--config" && i + 1 < argc) {
      arguments.config = argv[++i];
    } else if (argument.starts_with("--config=")) {
      arguments.config = argument.substr(9);
    } else if (argument == "--check-config") {
      arguments.check = true;
    } else if (argument == "--version") {
      std::cout << "weir " WEIR_VERSION "\n";
      std::exit(0);
    } else {
      const bool help = argument == "--help" || argument == "-h";
      (help ? std::cout : std::cerr) << kUsage;
      std::exit(help ? 0 : 2);
    }
  }
  if (arguments.config.empty()) {
    std::cerr << kUsage;
    std::exit(2);
  }
  return arguments;
}

// A dump of this process would hold keys and prompts.
void ForbidDumps() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
}

void PrintBanner(const standalone::StandaloneConfig& config) {
  if (config.profile != standalone::Profile::kDev) return;
  std::cerr << "*** profile dev: for trying weir out on this machine only ***\n";
  if (config.edge.open_auth) std::cerr << "*** auth.mode open: every caller is let in ***\n";
}

int Fail(const absl::Status& status) {
  std::cerr << "weir: " << status::Message(status) << "\n";
  log::Flush();
  return 1;
}

int Run(const Arguments& arguments, const config::Environment& environment) {
  absl::StatusOr<standalone::StandaloneConfig> config =
      standalone::LoadStandaloneConfig(arguments.config, environment);
  if (!config.ok()) return Fail(config.status());
  if (arguments.check) {
    std::cout << standalone::DescribeConfig(*config);
    return 0;
  }
  if (absl::Status logging =
          log::Configure({.level = config->log_level, .service = "weir", .path = config->log_path});
      !logging.ok()) {
    return Fail(logging);
  }
  PrintBanner(*config);
  // Before any thread is made, so that all inherit the mask and only this one is asked.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const apply::SecretSource secrets(environment);
  auto weir = standalone::Standalone::Create(*config, secrets);
  if (!weir.ok()) return Fail(weir.status());
  (*weir)->Start();
  log::Info("weir.started", {{"version", WEIR_VERSION},
                             {"port", (*weir)->edge().ports().front()},
                             {"ops_port", (*weir)->edge().ops_port()},
                             {"admin_port", (*weir)->admin_port()}});
  process::DropStartupPages();
  int signal = 0;
  sigwait(&signals, &signal);
  log::Info("weir.stopping", {{"signal", signal}});
  (*weir)->Drain();
  weir->reset();
  log::Flush();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  ForbidDumps();
  std::signal(SIGPIPE, SIG_IGN);
  const Arguments arguments = ParseArguments(argc, argv);
  return Run(arguments, weir::config::ToEnvironment(environ));
}
