#include "tests/mock_upstream/behaviours.h"

#include "tests/mock_upstream/chat_answer.h"

namespace weir::mock {
namespace {

constexpr size_t kMaxWaiting = 1'000;
constexpr int kFirstError = 300;

bool ReportsCannedUsage(const Behaviour& behaviour) {
  return !behaviour.prompt_tokens && !behaviour.usage && !behaviour.omit_usage &&
         !behaviour.zero_usage;
}

}  // namespace

ActiveBehaviour::ActiveBehaviour(Behaviour given, const FixedAnswer& fixed)
    : behaviour(std::move(given)) {
  if (behaviour.status >= kFirstError) {
    error = ScriptedError(behaviour);
    return;
  }
  if (behaviour.mode != Mode::kFixed) return;
  const ChatReply reply = FixedReply(behaviour, fixed);
  // As it stands in the file where nothing changes it: a file may hold members that we do not know.
  fixed_json = ReportsCannedUsage(behaviour)
                   ? WholeAnswer(behaviour.status, fixed.json, fixed.usage, behaviour)
                   : JsonChatAnswer(reply, behaviour);
  fixed_stream = StreamChatAnswer(reply, behaviour, false);
  fixed_stream_with_usage = StreamChatAnswer(reply, behaviour, true);
}

Behaviours::Behaviours(FixedAnswer fixed)
    : fixed_(std::move(fixed)), healthy_(std::make_shared<ActiveBehaviour>(Behaviour(), fixed_)) {}

absl::Status Behaviours::Set(Behaviour behaviour) {
  const auto active = std::make_shared<const ActiveBehaviour>(std::move(behaviour), fixed_);
  const std::string& model = active->behaviour.model;
  std::lock_guard lock(mutex_);
  if (active->behaviour.times && waiting_ >= kMaxWaiting) {
    return absl::ResourceExhaustedError("setting a behaviour: 1000 are waiting, DELETE them first");
  }
  Lane& lane = model.empty() ? all_ : by_model_[model];
  if (active->behaviour.times) {
    lane.timed.push_back({*active->behaviour.times, active});
    ++waiting_;
  } else {
    lane.lasting = active;
  }
  return absl::OkStatus();
}

void Behaviours::Reset() {
  std::lock_guard lock(mutex_);
  all_ = {};
  by_model_.clear();
  waiting_ = 0;
}

BehaviourPtr Behaviours::TakeTimed(Lane* lane) {
  if (lane == nullptr || lane->timed.empty()) return nullptr;
  Timed& next = lane->timed.front();
  BehaviourPtr taken = next.behaviour;
  if (--next.left == 0) lane->timed.pop_front();
  return taken;
}

BehaviourPtr Behaviours::Take(std::string_view model) {
  std::lock_guard lock(mutex_);
  const auto found = by_model_.empty() ? by_model_.end() : by_model_.find(model);
  Lane* own = found == by_model_.end() ? nullptr : &found->second;
  if (waiting_ > 0) {
    for (Lane* lane : {own, &all_}) {
      const size_t before = lane == nullptr ? 0 : lane->timed.size();
      BehaviourPtr timed = TakeTimed(lane);
      if (timed == nullptr) continue;
      waiting_ -= before - lane->timed.size();
      return timed;
    }
  }
  if (own != nullptr && own->lasting) return own->lasting;
  return all_.lasting ? all_.lasting : healthy_;
}

}  // namespace weir::mock
