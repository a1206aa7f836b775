#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/async/asio.h"
#include "common/status/status.h"
#include "common/time/clock.h"
#include "services/cache/embedder.h"
#include "services/cache/judge.h"

namespace weir::cache {

// A question as a direction; nothing: it is not searchable.
using Direction = std::optional<std::vector<float>>;

// What finds the meaning of a question: an embedder of this process, or one that is asked over the
// network. Thread-safe.
class Directions {
 public:
  virtual ~Directions() = default;
  // Components of a direction; a multiple of Embedder::kLanes.
  virtual size_t dimension() const = 0;
  // As Embedder::fingerprint.
  virtual const std::string& fingerprint() const = 0;
  // Texts leave this process.
  virtual bool is_remote() const = 0;
  // The direction of `text`, of length 1. kUnavailable, kDeadlineExceeded: it cannot be asked now.
  virtual asio::awaitable<absl::StatusOr<Direction>> Of(std::string text,
                                                        MonotonicTime deadline) = 0;
  // The same without waiting; nothing where the embedder is asked over the network.
  virtual Direction AtOnce(std::string_view) const { return std::nullopt; }
};

// An embedder of this process: it never waits.
class LocalDirections final : public Directions {
 public:
  // `embedder` outlives this object.
  explicit LocalDirections(const Embedder& embedder) : embedder_(embedder) {}

  size_t dimension() const override { return embedder_.dimension(); }
  const std::string& fingerprint() const override { return embedder_.fingerprint(); }
  bool is_remote() const override { return false; }
  asio::awaitable<absl::StatusOr<Direction>> Of(std::string text, MonotonicTime) override {
    co_return AtOnce(text);
  }
  Direction AtOnce(std::string_view text) const override {
    std::vector<float> vector(embedder_.dimension());
    if (!embedder_.Embed(text, vector)) return std::nullopt;
    return vector;
  }

 private:
  const Embedder& embedder_;
};

// The table, the trees and the lists that weir comes with, and what is made of them.
class BuiltInModel {
 public:
  // kInternal: what is in the program cannot be read.
  static absl::StatusOr<std::unique_ptr<BuiltInModel>> Load();

  const StaticEmbedder& embedder() const { return *embedder_; }
  const StemWeights& weights() const { return weights_; }
  const Verifier& verifier() const { return verifier_; }
  // With the gate; `gate` false: by rules alone, for directions that are not the table's.
  Judge MakeJudge(bool gate) const;

 private:
  BuiltInModel(std::unique_ptr<StaticEmbedder> embedder, StemWeights weights, Verifier verifier);

  const std::unique_ptr<StaticEmbedder> embedder_;
  const StemWeights weights_;
  const Verifier verifier_;
};

}  // namespace weir::cache
