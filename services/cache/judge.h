#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/lru.h"
#include "common/async/mutex.h"
#include "services/cache/alignment.h"
#include "services/cache/question.h"
#include "services/cache/static_embedder.h"
#include "services/cache/stem_weights.h"
#include "services/cache/verifier.h"
#include "services/cache/veto.h"
#include "services/cache/veto_sketch.h"
#include "services/cache/wording.h"

namespace weir::cache {

// Whether two questions that are near each other may share an answer. Thread-safe: what it says
// depends on the questions alone; that it remembers those of late only saves time.
class Judge {
 public:
  struct Deps {
    const StemWeights* weights = nullptr;      // All may be null, and outlive this object.
    const Verifier* verifier = nullptr;        // Null: no gate.
    const StaticEmbedder* embedder = nullptr;  // Null: no gate.
  };
  explicit Judge(Deps deps) : deps_(deps) {}

  // A question, of which no more is read than is asked for, once. Thread-safe. The judge's parts
  // outlive it.
  class Asked {
   public:
    Asked(const Deps& deps, std::string_view text) : deps_(deps), text_(text) {}

    const Wording& wording() const;
    const VetoSketch& sketch() const;
    struct Features {
      Question question;
      std::vector<Piece> pieces;
    };
    // Of a judge that has a gate.
    const Features& features() const;

   private:
    const Deps deps_;
    const std::string text_;
    mutable std::once_flag wording_read_, features_read_;
    mutable Wording wording_;
    mutable LazyVetoSketch sketch_;
    mutable Features features_;
  };
  std::shared_ptr<const Asked> Read(std::string_view text) const;

  // A question of old, and what is kept of it.
  struct Cached {
    std::string_view text;
    LazyVetoSketch& sketch;
  };
  struct Verdict {
    VetoReason veto;        // Empty: nothing speaks against it.
    double gate_score = 0;  // 0 without a gate, and where the veto decides by length.
    bool gate_refuses = false;
  };
  // Of `asked` and the question `cached`, whose cosine is given.
  Verdict Compare(const Asked& asked, const Cached& cached, float cosine) const;

 private:
  // Of questions that are not long: a few KiB each, 64 KiB at the very most.
  static constexpr size_t kRemembered = 1024;
  static constexpr size_t kMaxRememberedBytes = 1 << 10;

  bool has_gate() const {
    return deps_.weights != nullptr && deps_.verifier != nullptr && deps_.embedder != nullptr;
  }
  Verdict CompareFully(const Asked& asked, const Asked& cached, float cosine) const;

  const Deps deps_;
  mutable Mutex mutex_;
  mutable api::Lru<std::string, std::shared_ptr<const Asked>> remembered_ ABSL_GUARDED_BY(mutex_){
      kRemembered};
};

}  // namespace weir::cache
