#pragma once

#include <atomic>
#include <thread>

#include "common/sql/doorbell.h"
#include "common/sql/postgres_link.h"

namespace weir::sql {

// LISTENs on the channel "weir", where PostgresDatabase notifies within each Write.
class PostgresDoorbell final : public Doorbell {
 public:
  PostgresDoorbell(PostgresOptions options, Ring ring, Listens listens);
  ~PostgresDoorbell() override;
  PostgresDoorbell(const PostgresDoorbell&) = delete;
  PostgresDoorbell& operator=(const PostgresDoorbell&) = delete;

 private:
  void Run();
  // Until the connection is lost, or it is time to stop.
  void Listen(PostgresLink& link);
  // Rings for what has come.
  void Hear(PostgresLink& link);
  // False: it is time to stop. Ends sooner where `socket` (-1: none) has something to read.
  bool Sleep(int socket, int milliseconds);

  const PostgresOptions options_;
  const Ring ring_;
  const Listens listens_;  // May be empty.
  const int stop_;         // An eventfd that is readable when it is time to stop.
  std::thread thread_;
};

}  // namespace weir::sql
