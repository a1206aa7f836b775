#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "common/sql/database.h"

namespace weir::sql {

// Tells a process that somebody has committed a Write, so that what follows a change log need not
// wait until it looks again by itself. Only a hint: a ring may be for nothing, and one may be lost
// with its connection, so whoever follows looks by itself too: now and then while the doorbell
// listens, once a second while it does not.
class Doorbell {
 public:
  // `component`: whose Write it was; empty: anybody's, some may have been missed. On a thread of
  // the doorbell: it must be quick, must not block and must not throw.
  using Ring = std::function<void(std::string_view component)>;
  // From here on Writes ring; or do not any more, until it listens again. As Ring.
  using Listens = std::function<void(bool)>;

  // No ring runs any more once this returns; that takes up to a connect timeout where it is just
  // connecting.
  virtual ~Doorbell() = default;
};

// For a store of one process, which hears of its own changes without it: never rings.
std::unique_ptr<Doorbell> SilentDoorbell();

// Listens on a connection and a thread of its own, which sleep while nothing rings: the Writes of
// all components and processes, those of this one too, milliseconds after they were committed. A
// lost connection is made again within a second or so of the server's return; then it rings
// ("").
std::unique_ptr<Doorbell> ListenPostgres(const PostgresOptions& options, Doorbell::Ring ring,
                                         Doorbell::Listens listens = {});

}  // namespace weir::sql
