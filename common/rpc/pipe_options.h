#pragma once

#include <string>
#include <vector>

#include "common/rpc/peer_tls.h"
#include "common/time/clock.h"

namespace weir::rpc {

// Where a service is, and how patiently it is asked.
struct PipeOptions {
  // Full name: "weir.quota.v1.QuotaService".
  std::string service;
  // "unix:/run/weir/quota.sock", "127.0.0.1:9102", "[::1]:9102", "quota:9102" (a name: one replica
  // for each of its addresses). At least one.
  std::vector<std::string> addresses;
  PeerTls tls;
  // First DNS name of the replicas' certificate: "quota.weir".
  std::string tls_name;
  // Of this program, for people.
  std::string version;

  // Items under way at one replica; more wait here, those of each organisation in a line of their
  // own, and the lines take turns. Items that nobody is in a hurry for get half of it and lines of
  // their own: what waits for a disk holds up nobody who waits for a decision.
  size_t max_in_flight = 4096;
  // Items that wait here, of either kind; more are refused.
  size_t max_waiting = 10'000;
  // How long, from the loss of the last replica on, items wait for one to come back; afterwards
  // they are refused at once.
  Duration patience = std::chrono::seconds(3);
  // How often names are asked again, and how often while a replica is lost.
  Duration resolve_every = std::chrono::seconds(5);
  Duration resolve_when_lost = std::chrono::milliseconds(500);
  // Between attempts to reach a replica; doubled from the first on, with a jitter of a quarter.
  Duration first_backoff = std::chrono::milliseconds(50);
  Duration longest_backoff = std::chrono::seconds(1);
};

}  // namespace weir::rpc
