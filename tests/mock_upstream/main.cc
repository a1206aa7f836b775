// The mock provider as a process: `mock_upstream --help`.

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>

#include <charconv>
#include <cstdio>
#include <string_view>

#include "tests/mock_upstream/mock_upstream.h"

namespace weir::mock {
namespace {

constexpr std::string_view kUsage =
    R"(mock_upstream: an OpenAI-shaped provider for tests.
  --listen IP:PORT     traffic (127.0.0.1:8082; port 0: any)
  --control IP:PORT    behaviour, ledger, request log (127.0.0.1:8083)
  --tls-cert F, --tls-key F   PEM files: traffic over TLS
  --threads N          1
  --answer F           another canned answer: a chat.completion or a WireMock mapping
  --api-key KEY        refuse requests without `Authorization: Bearer KEY`
  --no-request-log     keep no requests: for load runs
  --request-log N      keep the last N (10000)
)";
constexpr uint16_t kPort = 8082;
constexpr uint16_t kControlPort = 8083;

template <typename T>
bool ReadNumber(std::string_view text, T& to) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), to);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

bool ReadAddress(std::string_view text, std::string& host, uint16_t& port) {
  const size_t colon = text.rfind(':');
  if (colon == text.npos) return false;
  host = text.substr(0, colon);
  return ReadNumber(text.substr(colon + 1), port);
}

bool ReadOption(std::string_view name, std::string_view value, MockUpstream::Options& to) {
  if (name == "--listen") return ReadAddress(value, to.host, to.port);
  if (name == "--control") return ReadAddress(value, to.control_host, to.control_port);
  if (name == "--threads") return ReadNumber(value, to.threads);
  if (name == "--request-log") return ReadNumber(value, to.request_log);
  std::string* text = name == "--tls-cert"  ? &to.tls_certificate
                      : name == "--tls-key" ? &to.tls_key
                      : name == "--answer"  ? &to.answer_file
                      : name == "--api-key" ? &to.api_key
                                            : nullptr;
  if (text == nullptr) return false;
  *text = value;
  return true;
}

bool ReadArguments(int argc, char** argv, MockUpstream::Options& to) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--no-request-log") {
      to.request_log = 0;
    } else if (i + 1 == argc || !ReadOption(name, argv[++i], to)) {
      fmt::print(stderr, "mock_upstream: {}: unknown, or its value cannot be read\n", name);
      return false;
    }
  }
  return true;
}

// Blocked before any thread starts, so that all inherit it and Wait alone gets the signal.
class EndSignals {
 public:
  EndSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  void Wait() const {
    int signal = 0;
    sigwait(&set_, &signal);
  }

 private:
  sigset_t set_;
};

int Run(int argc, char** argv) {
  MockUpstream::Options options{.port = kPort, .control_port = kControlPort};
  if (!ReadArguments(argc, argv, options)) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  const EndSignals end;
  auto upstream = MockUpstream::Start(options);
  if (!upstream.ok()) {
    fmt::print(stderr, "mock_upstream: {}\n", upstream.status().ToString());
    return 1;
  }
  fmt::print("mock_upstream listening on {}:{} control {}:{}\n", options.host, (*upstream)->port(),
             options.control_host, (*upstream)->control_port());
  std::fflush(stdout);
  end.Wait();
  return 0;
}

}  // namespace
}  // namespace weir::mock

int main(int argc, char** argv) { return weir::mock::Run(argc, argv); }
