#include "common/sql/postgres_doorbell.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace weir::sql {
namespace {

constexpr int kFirstPauseMs = 50;
constexpr int kLongestPauseMs = 1000;
constexpr int kForever = -1;
constexpr std::chrono::milliseconds kAnswerTime{5000};

struct FreeNotify {
  void operator()(PGnotify* notify) const { PQfreemem(notify); }
};

}  // namespace

PostgresDoorbell::PostgresDoorbell(PostgresOptions options, Ring ring, Listens listens)
    : options_(std::move(options)),
      ring_(std::move(ring)),
      listens_(std::move(listens)),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "weir-doorbell");
}

PostgresDoorbell::~PostgresDoorbell() {
  ::eventfd_write(stop_, 1);
  thread_.join();
  ::close(stop_);
}

void PostgresDoorbell::Run() {
  int pause = kFirstPauseMs;
  do {
    absl::StatusOr<std::unique_ptr<PostgresLink>> link = PostgresLink::Connect(options_);
    if (link.ok() && (*link)->Run("LISTEN weir", kAnswerTime).ok()) {
      pause = kFirstPauseMs;
      if (listens_) listens_(true);
      ring_("");  // For what came while nobody listened.
      Listen(**link);
      if (listens_) listens_(false);
    } else {
      pause = std::min(2 * pause, kLongestPauseMs);
    }
  } while (Sleep(-1, pause));
}

void PostgresDoorbell::Listen(PostgresLink& link) {
  while (!link.IsLost()) {
    Hear(link);
    if (!Sleep(link.socket(), kForever)) return;
    if (PQconsumeInput(link.handle()) == 0) return;
  }
}

void PostgresDoorbell::Hear(PostgresLink& link) {
  for (;;) {
    const std::unique_ptr<PGnotify, FreeNotify> heard(PQnotifies(link.handle()));
    if (heard == nullptr) return;
    ring_(heard->extra);
  }
}

bool PostgresDoorbell::Sleep(int socket, int milliseconds) {
  pollfd waiting[] = {{.fd = stop_, .events = POLLIN, .revents = 0},
                      {.fd = socket, .events = POLLIN, .revents = 0}};
  while (::poll(waiting, 2, milliseconds) < 0 && errno == EINTR) {
  }
  return waiting[0].revents == 0;
}

std::unique_ptr<Doorbell> ListenPostgres(const PostgresOptions& options, Doorbell::Ring ring,
                                         Doorbell::Listens listens) {
  return std::make_unique<PostgresDoorbell>(options, std::move(ring), std::move(listens));
}

}  // namespace weir::sql
