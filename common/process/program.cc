#include "common/process/program.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <csignal>
#include <iostream>
#include <optional>

#include "common/config/load.h"
#include "common/config/yaml.h"
#include "common/process/startup_pages.h"

namespace weir::process {
namespace {

struct Arguments {
  std::string config;
  bool check = false;
  // Set: ends at once with it.
  std::optional<int> exit;
};

std::string Usage(const Program& program) {
  return fmt::format(
      "usage: {} --config FILE [--check-config]\n"
      "\n"
      "{}\n"
      "\n"
      "  --config FILE    the YAML file of this process; WEIR_* variables override any key\n"
      "  --check-config   lists every fault of the file and ends: 0 without one, 1 else\n"
      "  --version        prints the version\n",
      program.name, program.summary);
}

void Explain(const Program& program, bool asked, Arguments& arguments) {
  (asked ? std::cout : std::cerr) << Usage(program);
  arguments.exit = asked ? 0 : 2;
}

Arguments Parse(const Program& program, int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc && !arguments.exit; ++i) {
    const std::string argument = argv[i];
    if (argument == "--config" && i + 1 < argc) {
      arguments.config = argv[++i];
    } else if (argument.starts_with("--config=")) {
      arguments.config = argument.substr(9);
    } else if (argument == "--check-config") {
      arguments.check = true;
    } else if (argument == "--version") {
      std::cout << program.name << " " << program.version << "\n";
      arguments.exit = 0;
    } else {
      Explain(program, argument == "--help" || argument == "-h", arguments);
    }
  }
  if (!arguments.exit && arguments.config.empty()) Explain(program, false, arguments);
  return arguments;
}

int Fail(const Program& program, const absl::Status& status) {
  std::cerr << program.name << ": " << status::Message(status) << "\n";
  log::Flush();
  return 1;
}

// Before any thread is made, so that all inherit the mask and only this one is asked.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int Serve(const Program& program, const Loaded& loaded) {
  const sigset_t signals = BlockStopSignals();
  absl::StatusOr<std::unique_ptr<Running>> running = loaded.start();
  if (!running.ok()) return Fail(program, running.status());
  DropStartupPages();
  int signal = 0;
  sigwait(&signals, &signal);
  log::Info("weir.stopping", {{"signal", signal}});
  (*running)->Drain();
  running->reset();
  log::Flush();
  return 0;
}

// A dump of this process would hold keys and prompts.
void Harden() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace

std::string Banner(Profile profile, bool open_auth) {
  if (profile != Profile::kDev) return {};
  std::string banner = "*** profile dev: for trying weir out on this machine only ***\n";
  if (open_auth) banner += "*** auth.mode open: every caller is let in ***\n";
  return banner;
}

absl::StatusOr<config::Settings> ReadConfig(const std::string& path,
                                            const config::Environment& environment,
                                            const std::function<void(config::Reader&)>& read) {
  WEIR_ASSIGN_OR_RETURN(std::string text, config::ReadFile(path));
  config::Input input{.file = path, .text = std::move(text), .environment = environment};
  // weirctl's: who administers a process from the shell that started it has them there.
  input.not_overrides.insert({"WEIR_ADMIN_ADDRESS", "WEIR_ADMIN_TOKEN", "WEIR_ADMIN_TOKEN_FILE"});
  return config::Load(input, read);
}

int Main(const Program& program, int argc, char** argv, char** environment) {
  Harden();
  const Arguments arguments = Parse(program, argc, argv);
  if (arguments.exit) return *arguments.exit;
  const absl::StatusOr<Loaded> loaded =
      program.load(arguments.config, config::ToEnvironment(environment));
  if (!loaded.ok()) return Fail(program, loaded.status());
  if (arguments.check) {
    std::cout << config::Describe(loaded->settings);
    return 0;
  }
  const absl::Status logging = log::Configure({.level = loaded->log.level,
                                               .service = std::string(program.service),
                                               .path = loaded->log.path});
  if (!logging.ok()) return Fail(program, logging);
  std::cerr << loaded->banner;
  return Serve(program, *loaded);
}

}  // namespace weir::process
