#include "common/sql/follower.h"

#include <boost/asio/steady_timer.hpp>

#include "common/log/log.h"

namespace weir::sql {

// Used on the loop's thread alone.
struct Follower::State {
  State(std::string its_name, std::function<absl::Status()> its_follow, Duration its_period,
        Deps its_deps)
      : what(std::move(its_name)),
        follow(std::move(its_follow)),
        period(its_period),
        deps(its_deps),
        wake(deps.loop, asio::steady_timer::time_point::max()) {}

  const std::string what;
  const std::function<absl::Status()> follow;
  Duration period;
  const Deps deps;
  // Ends the wait; nothing else expires it.
  asio::steady_timer wake;
  bool rung = false;
  bool stopping = false;
  bool failing = false;
};

Follower::Follower(std::string what, std::function<absl::Status()> follow, Duration period,
                   Deps deps)
    : state_(std::make_shared<State>(std::move(what), std::move(follow), period, deps)) {
  asio::co_spawn(deps.loop, Run(state_), asio::detached);
}

Follower::~Follower() {
  state_->stopping = true;
  state_->wake.cancel();
}

void Follower::Ring() {
  asio::post(state_->deps.loop, [state = state_] {
    state->rung = true;
    state->wake.cancel();
  });
}

void Follower::SetPeriod(Duration period) {
  asio::post(state_->deps.loop, [state = state_, period] {
    state->period = period;
    state->rung = true;
    state->wake.cancel();
  });
}

asio::awaitable<void> Follower::Run(std::shared_ptr<State> state) {
  while (!state->stopping) {
    state->rung = false;
    const absl::Status followed = co_await RunOn(state->deps.workers, state->follow);
    if (state->stopping) co_return;
    Log(*state, followed);
    co_await Wait(state);
  }
}

asio::awaitable<void> Follower::Wait(std::shared_ptr<State> state) {
  if (state->rung || state->stopping) co_return;
  Timers& timers = state->deps.timers;
  const Timers::Id period =
      timers.At(timers.clock().Monotonic() + state->period, [state] { state->wake.cancel(); });
  co_await state->wake.async_wait(kTuple);
  timers.Cancel(period);
}

void Follower::Log(State& state, const absl::Status& followed) {
  if (followed.ok() == !state.failing) return;
  state.failing = !followed.ok();
  if (state.failing) {
    log::Warn("store.unreachable", {{"store", state.what}, {"reason", status::Message(followed)}});
  } else {
    log::Info("store.reachable", {{"store", state.what}});
  }
}

}  // namespace weir::sql
