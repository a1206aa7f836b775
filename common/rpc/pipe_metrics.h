#pragma once

#include <string_view>

#include "common/metrics/registry.h"

namespace weir::rpc {

// What a process counts of the pipes to one service, over all its loops. Outlives the clients.
struct PipeMetrics {
  // `part`: the service's short name, "quota".
  PipeMetrics(metrics::Registry& registry, std::string_view part)
      : answered(Calls(registry).With({part, "answered"})),
        late(Calls(registry).With({part, "deadline"})),
        lost(Calls(registry).With({part, "unavailable"})),
        refused(Calls(registry).With({part, "queue_full"})),
        resent(registry
                   .NewCounterFamily("weir_rpc_resent_total",
                                     "Calls that were asked again because a replica was lost.",
                                     {"service"})
                   .With({part})),
        replicas_up(registry
                        .NewGaugeFamily("weir_rpc_replicas_up",
                                        "Pipes that are open, over all event loops.", {"service"})
                        .With({part})) {}

  metrics::Counter& answered;  // By the service, whatever it said.
  metrics::Counter& late;
  metrics::Counter& lost;
  metrics::Counter& refused;
  metrics::Counter& resent;
  metrics::Gauge& replicas_up;

 private:
  static metrics::CounterFamily& Calls(metrics::Registry& registry) {
    return registry.NewCounterFamily("weir_rpc_calls_total",
                                     "Calls to another service, by how they ended.",
                                     {"service", "outcome"});
  }
};

}  // namespace weir::rpc
