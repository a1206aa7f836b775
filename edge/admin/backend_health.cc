#include "edge/admin/backend_health.h"

#include <algorithm>

#include "common/log/log.h"
#include "grpc/health/v1/health.pb.h"

namespace weir::edge {
namespace {

constexpr Duration kBetween = std::chrono::seconds(2);
constexpr Duration kPatience = std::chrono::seconds(1);

std::string ProblemOf(const absl::StatusOr<std::string>& answer) {
  if (!answer.ok()) return fmt::format("does not answer: {}", status::Message(answer.status()));
  grpc::health::v1::HealthCheckResponse health;
  const bool serves = health.ParseFromString(*answer) &&
                      health.status() == grpc::health::v1::HealthCheckResponse::SERVING;
  return serves ? "" : "does not serve";
}

}  // namespace

BackendHealth::BackendHealth(std::vector<Backend> backends, Timers& timers) : timers_(timers) {
  for (Backend& each : backends) states_.push_back({.backend = std::move(each)});
}

asio::awaitable<void> BackendHealth::Run() {
  for (;;) {
    for (State& each : states_) {
      api::UnaryCall check{.method = "grpc.health.v1.Health/Check", .timeout = kPatience};
      const absl::StatusOr<std::string> answer = co_await each.backend.caller.Call(check);
      std::string problem = ProblemOf(answer);
      if (problem.empty() != each.problem.empty()) {
        log::Info("door.backend", {{"service", each.backend.name}, {"problem", problem}});
      }
      each.answered_once = each.answered_once || problem.empty();
      each.problem = std::move(problem);
    }
    co_await SleepFor(timers_, kBetween);
  }
}

std::string BackendHealth::Problems() const {
  std::string problems;
  for (const State& each : states_) {
    if (each.problem.empty()) continue;
    if (!problems.empty()) problems += "; ";
    problems += fmt::format("{} {}", each.backend.name, each.problem);
  }
  return problems;
}

std::string BackendHealth::WhyNotReady() const {
  const bool all_once = std::ranges::all_of(states_, &State::answered_once);
  const bool some_now =
      std::ranges::any_of(states_, [](const State& each) { return each.problem.empty(); });
  return all_once && some_now ? "" : Problems();
}

std::string BackendHealth::Remark() const { return Problems(); }

}  // namespace weir::edge
