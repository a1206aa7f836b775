#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/config/environment.h"
#include "common/config/reader.h"
#include "common/config/settings.h"
#include "common/process/profile.h"
#include "common/status/status.h"

namespace weir::process {

// A server program while it runs.
class Running {
 public:
  virtual ~Running() = default;
  // Leaves in order; returns when nothing is left to do. Once.
  virtual void Drain() = 0;
};

// What a configuration file said.
struct Loaded {
  config::Settings settings;
  LogConfig log;
  // For stderr, before anything else; empty: nothing.
  std::string banner;
  // Starts the program; on the main thread, once the log is there.
  std::function<absl::StatusOr<std::unique_ptr<Running>>()> start;
};

// A server that is made of `config` and opened.
template <typename Process, typename Config>
absl::StatusOr<std::unique_ptr<Running>> Begin(const Config& config) {
  auto process = std::make_unique<Process>(config);
  if (absl::Status opened = process->Open(); !opened.ok()) return opened;
  return std::unique_ptr<Running>(std::move(process));
}

// What an operator reads at the start of a process that is for trying out; empty for one that is
// not.
std::string Banner(Profile profile, bool open_auth = false);

// Reads the file at `path` with `read`, and the WEIR_* overrides of `environment`. kNotFound: no
// such file. kInvalidArgument: every fault, a line each.
absl::StatusOr<config::Settings> ReadConfig(const std::string& path,
                                            const config::Environment& environment,
                                            const std::function<void(config::Reader&)>& read);

// What is the same for every server program.
struct Program {
  std::string_view name;     // "weir-quota".
  std::string_view service;  // "svc" of its log lines: "quota".
  std::string_view summary;  // "may they spend it, and what did they spend".
  std::string_view version;
  // Reads the file. The error has every fault, a line each.
  std::function<absl::StatusOr<Loaded>(const std::string& path, const config::Environment&)> load;
};

// The whole of main: arguments (--config FILE, --check-config, --version), no core dumps, the log,
// SIGTERM and SIGINT, drain. Returns the exit status: 0, 1 after an error, 2 for arguments that it
// does not understand. `environment`: main's.
int Main(const Program& program, int argc, char** argv, char** environment);

}  // namespace weir::process
