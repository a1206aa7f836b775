#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "services/cache/judge.h"
#include "services/cache/partition.h"
#include "services/cache/policy.h"

namespace weir::cache {

// An answer that came into question, and what is said of it.
struct Considered {
  AnswerPtr answer;
  float cosine = 0;
  Judge::Verdict verdict;
  bool was_judged = false;  // Else `verdict` says nothing.
  // Why it does not answer: "below_cut", a veto, "gate", "not_promoted". Empty: it does.
  std::string reason;
};

// Looks for answers, and changes nothing. Pure but for what a partition holds; thread-safe.
class Finder {
 public:
  // `judge` outlives it.
  explicit Finder(const Judge& judge) : judge_(judge) {}

  // How far below the policy's threshold candidates are judged, too.
  static constexpr float kNone = 0;
  static constexpr float kNearMisses = 0.05F;
  static constexpr float kAll = 2;

  // Whether to go on behind the first that answers.
  enum class Until : uint8_t { kFirst, kEnd };

  // The nearest, nearest first, as far as they are judged, and then one more. Last the nearest that
  // waits for promotion.
  std::vector<Considered> Consider(const Partition& partition, const Policy& policy,
                                   std::string_view text, std::span<const float> vector,
                                   const Reading& reading, float margin = kNone,
                                   Until until = Until::kFirst) const;

 private:
  Considered Look(const Partition& partition, const Policy& policy, const Judge::Asked& asked,
                  NearAnswer near) const;

  const Judge& judge_;
};

// The first that answers; null: none.
const Considered* Serving(const std::vector<Considered>& considered);

// Why nothing answers, by the nearest; "empty": there was none.
std::string WhyNot(const std::vector<Considered>& considered);

}  // namespace weir::cache
