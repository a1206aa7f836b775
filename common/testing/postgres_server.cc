#include "common/testing/postgres_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace weir::testing {
namespace {

constexpr char kPrograms[] = "/usr/lib/postgresql/15/bin/";
constexpr char kSuperuser[] = "postgres";
constexpr auto kStartTime = std::chrono::seconds(60);

// Who runs the server: it refuses to be root.
const passwd* ServerUser() { return ::getuid() == 0 ? ::getpwnam(kSuperuser) : nullptr; }

// Runs a program as the server's user, which ends with this process. Its output goes to `log`.
absl::StatusOr<pid_t> Spawn(std::vector<std::string> words, const std::string& log) {
  std::vector<std::string> all = {"setpriv", "--pdeathsig", "KILL"};
  if (ServerUser() != nullptr) {
    all.insert(all.end(), {"--reuid", kSuperuser, "--regid", kSuperuser, "--clear-groups"});
  }
  all.emplace_back("--");
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& each : all) arguments.push_back(each.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  pid_t made = -1;
  char path[] = "PATH=/usr/bin:/bin";
  char* environment[] = {path, nullptr};
  const int failed =
      ::posix_spawnp(&made, "setpriv", &files, nullptr, arguments.data(), environment);
  posix_spawn_file_actions_destroy(&files);
  if (failed != 0) return status::Unavailable("running {}: error {}", words[0], failed);
  return made;
}

std::string TextOf(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A port of 127.0.0.1 that is free now.
int FreePort() {
  const int probe = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{.sin_family = AF_INET};
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  ::bind(probe, plain, size);
  ::getsockname(probe, plain, &size);
  ::close(probe);
  return ::ntohs(address.sin_port);
}

}  // namespace

absl::StatusOr<std::unique_ptr<PostgresServer>> PostgresServer::Start() {
  std::unique_ptr<PostgresServer> server(new PostgresServer());
  WEIR_RETURN_IF_ERROR(server->MakeFolder());
  WEIR_RETURN_IF_ERROR(server->Initialize());
  server->port_ = FreePort();
  WEIR_RETURN_IF_ERROR(server->StartAgain());
  return server;
}

PostgresServer& PostgresServer::Shared() {
  static const absl::StatusOr<std::unique_ptr<PostgresServer>> kServer = Start();
  if (!kServer.ok()) {
    std::fprintf(stderr, "%s\n", kServer.status().ToString().c_str());
    std::abort();
  }
  return **kServer;
}

PostgresServer::~PostgresServer() {
  Kill();
  std::error_code error;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, error);
}

absl::Status PostgresServer::MakeFolder() {
  // Not TempDir(): the path of a socket has at most 107 bytes.
  std::string name = "/tmp/weir-postgres-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) return status::Unavailable("making a folder in /tmp");
  folder_ = name;
  const passwd* user = ServerUser();
  if (user != nullptr && ::chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0) {
    return status::Unavailable("giving {} to {}", folder_, kSuperuser);
  }
  return absl::OkStatus();
}

absl::Status PostgresServer::Initialize() {
  const std::string log = folder_ + "/initdb.log";
  WEIR_ASSIGN_OR_RETURN(
      const pid_t initdb,
      Spawn({std::string(kPrograms) + "initdb", "--pgdata", folder_ + "/data", "--username", user(),
             "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync"},
            log));
  int how = 0;
  ::waitpid(initdb, &how, 0);
  if (how == 0) return absl::OkStatus();
  return status::Unavailable("initdb failed, is postgresql-15 installed? {}", TextOf(log));
}

absl::Status PostgresServer::StartAgain() {
  std::vector<std::string> words = {std::string(kPrograms) + "postgres", "-D", folder_ + "/data"};
  for (const std::string& each :
       {"unix_socket_directories=" + folder_, std::string("listen_addresses=127.0.0.1"),
        fmt::format("port={}", port_), std::string("fsync=off"), std::string("max_connections=60"),
        std::string("shared_buffers=16MB"), std::string("deadlock_timeout=100ms"),
        std::string("restart_after_crash=on")}) {
    words.insert(words.end(), {"-c", each});
  }
  const auto end = std::chrono::steady_clock::now() + kStartTime;
  absl::Status ready = absl::OkStatus();
  // A killed server's memory may be in use a moment longer, which the next one refuses.
  do {
    WEIR_ASSIGN_OR_RETURN(server_, Spawn(words, folder_ + "/server.log"));
    ready = WaitUntilReady();
    if (ready.ok()) return ready;
    Kill();
  } while (std::chrono::steady_clock::now() < end);
  return status::While(ready, "{}", TextOf(folder_ + "/server.log"));
}

absl::Status PostgresServer::WaitUntilReady() {
  const auto end = std::chrono::steady_clock::now() + kStartTime;
  while (std::chrono::steady_clock::now() < end) {
    if (Run("postgres", "SELECT 1").ok()) return absl::OkStatus();
    if (::waitpid(server_, nullptr, WNOHANG) == server_) {
      server_ = -1;
      return status::Unavailable("the server ended");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return status::Unavailable("the server does not answer");
}

absl::Status PostgresServer::Run(const std::string& database, const std::string& statement) {
  const std::string where =
      fmt::format("host={} port={} dbname={} user={}", folder_, port_, database, user());
  PGconn* connection = PQconnectdb(where.c_str());
  PGresult* result = PQexec(connection, statement.c_str());
  const bool ok =
      PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;
  const std::string message = PQerrorMessage(connection);
  PQclear(result);
  PQfinish(connection);
  return ok ? absl::OkStatus() : status::Unavailable("{}", message);
}

std::string PostgresServer::NewDatabase() {
  const std::string name = fmt::format("test_{}", ++databases_);
  const absl::Status made =
      Run("postgres", fmt::format("CREATE DATABASE {} TEMPLATE template0 LOCALE_PROVIDER icu "
                                  "ICU_LOCALE 'en-US'",
                                  name));
  if (!made.ok()) std::fprintf(stderr, "%s\n", made.ToString().c_str());
  return name;
}

std::vector<pid_t> PostgresServer::Processes() const {
  std::vector<pid_t> all = {server_};
  std::error_code error;
  for (const auto& task :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/task", server_), error)) {
    std::ifstream children(task.path() / "children");
    for (pid_t each = 0; children >> each;) all.push_back(each);
  }
  return all;
}

void PostgresServer::Signal(int signal) {
  if (server_ <= 0) return;
  for (const pid_t each : Processes()) ::kill(each, signal);
}

void PostgresServer::Kill() {
  Signal(SIGKILL);
  if (server_ > 0) ::waitpid(server_, nullptr, 0);
  server_ = -1;
}

void PostgresServer::Freeze() { Signal(SIGSTOP); }

void PostgresServer::Thaw() { Signal(SIGCONT); }

}  // namespace weir::testing
