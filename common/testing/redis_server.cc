#include "common/testing/redis_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "common/redis/codec.h"

namespace weir::testing {
namespace {

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "redis-server for a test: %s\n", what.c_str());
  std::abort();
}

std::string NewFolder() {
  std::string name = "/tmp/weir-redis-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) Fail("making a folder");
  return name;
}

// One that is free now.
int ConnectTo(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return socket;
  ::close(socket);
  return -1;
}

bool Exchange(int socket, const std::string& command, redis::Reply& reply) {
  if (::send(socket, command.data(), command.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(command.size())) {
    return false;
  }
  redis::Decoder decoder(64 << 20);
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (size <= 0) return false;
    if (!decoder.Feed(std::string_view(buffer.data(), static_cast<size_t>(size))).ok()) {
      return false;
    }
    auto next = decoder.Next();
    if (!next.ok()) return false;
    if (!next->has_value()) continue;
    reply = **std::move(next);
    return true;
  }
}

void Execute(const std::vector<std::string>& arguments, const std::string& log) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(file, STDOUT_FILENO);
  ::dup2(file, STDERR_FILENO);
  std::vector<char*> argv;
  for (const std::string& each : arguments) argv.push_back(const_cast<char*>(each.c_str()));
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

}  // namespace

int FreePort() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(socket);
  if (!bound) Fail("finding a port");
  return ntohs(address.sin_port);
}

RedisServer::RedisServer(std::vector<std::string> arguments)
    : folder_(NewFolder()), port_(FreePort()) {
  arguments_ = {"redis-server",
                "--port",
                std::to_string(port_),
                "--bind",
                "127.0.0.1",
                "--unixsocket",
                folder_ + "/redis.sock",
                "--dir",
                folder_,
                "--save",
                "",
                "--appendonly",
                "no",
                "--enable-debug-command",
                "local"};
  arguments_.insert(arguments_.end(), arguments.begin(), arguments.end());
  Start();
}

RedisServer::RedisServer(AsSentinel sentinel) : folder_(NewFolder()), port_(FreePort()) {
  const std::string file = folder_ + "/sentinel.conf";
  std::ofstream(file) << "port " << port_ << "\nbind 127.0.0.1\nunixsocket " << folder_
                      << "/redis.sock\ndir " << folder_ << "\nsentinel monitor weir 127.0.0.1 "
                      << sentinel.master.port()
                      << " 1\nsentinel down-after-milliseconds weir 300\n"
                         "sentinel failover-timeout weir 2000\n"
                      << (sentinel.password.empty() ? ""
                                                    : "requirepass " + sentinel.password + "\n");
  arguments_ = {"redis-server", file, "--sentinel"};
  Start();
}

RedisServer RedisServer::Sentinel(const RedisServer& master, std::string password) {
  return RedisServer(AsSentinel{master, std::move(password)});
}

RedisServer::~RedisServer() {
  Kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

redis::RedisConfig RedisServer::config() const {
  redis::RedisConfig config;
  config.address = address();
  config.connect_timeout = std::chrono::seconds(3);
  config.command_timeout = std::chrono::seconds(3);
  return config;
}

void RedisServer::Start() {
  const std::string log = folder_ + "/log";
  pid_ = ::fork();
  if (pid_ < 0) Fail("forking");
  if (pid_ == 0) Execute(arguments_, log);
  AwaitReady();
}

bool RedisServer::TryAsk(std::initializer_list<std::string_view> command,
                         redis::Reply& reply) const {
  const int socket = ConnectTo(folder_ + "/redis.sock");
  if (socket < 0) return false;
  const bool answered = Exchange(socket, redis::Encode(command), reply);
  ::close(socket);
  return answered;
}

void RedisServer::AwaitReady() const {
  redis::Reply reply;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < end) {
    // An error is an answer too: it may want a password.
    if (TryAsk({"PING"}, reply) && !reply.text.starts_with("LOADING")) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  Fail("it does not answer; is redis-server installed? See " + folder_ + "/log");
}

redis::Reply RedisServer::Ask(std::initializer_list<std::string_view> command) const {
  redis::Reply reply;
  if (!TryAsk(command, reply)) Fail("no answer to " + std::string(*command.begin()));
  return reply;
}

void RedisServer::Kill() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
  // So that the next one is known to be ready by its own socket.
  ::unlink((folder_ + "/redis.sock").c_str());
}

void RedisServer::Pause() { ::kill(pid_, SIGSTOP); }
void RedisServer::Resume() { ::kill(pid_, SIGCONT); }

double RedisServer::CpuSeconds() const {
  std::ifstream stat("/proc/" + std::to_string(pid_) + "/stat");
  std::string line;
  std::getline(stat, line);
  unsigned long user = 0, system = 0;
  // Behind the name, which may have anything in it, these are the 12th and 13th fields.
  std::sscanf(line.c_str() + line.rfind(')') + 1,
              " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
  return static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace weir::testing
