#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "services/cache/directions.h"
#include "services/cache/exact_text.h"
#include "services/cache/row_index.h"

namespace weir::cache {

enum class Rules : uint8_t { kNone, kWithoutSubstitution, kAll };

// What has to hold so that one question gets another's answer.
struct Decision {
  Rules rules = Rules::kAll;
  bool gate = true;  // Decides from the first request on: nothing is learned.
  float cut = 0;     // Least cosine.
};

// Texts that are held against each other again and again, with the cache's own embedder, rules and
// trees: what does not depend on the cut is found once. For one thread.
class DecidedTexts {
 public:
  // All outlive this object; `embedder` is the model's, or another one, and then there is no gate.
  DecidedTexts(const BuiltInModel& model, const Embedder& embedder,
               const std::vector<std::string_view>& texts);

  size_t dimension() const { return embedder_.dimension(); }
  const crypto::Digest& exact_key(uint32_t text) const { return texts_[text].exact_key; }
  const Direction& direction(uint32_t text) const { return texts_[text].direction; }

  bool MayShare(uint32_t asked, uint32_t cached, float cosine, const Decision& decision);

 private:
  struct Text {
    crypto::Digest exact_key;
    Direction direction;
    Wording wording;
    Question question;
    std::vector<Piece> pieces;
  };
  struct Verdict {
    bool vetoed = false;                       // With all rules.
    bool vetoed_without_substitution = false;  // Never without the other.
    std::optional<bool> gated;                 // Nothing: not asked yet.
  };
  Text Read(std::string_view text) const;
  Verdict Judge(const Text& asked, const Text& cached) const;
  bool Gated(const Text& asked, const Text& cached, float cosine) const;

  const BuiltInModel& model_;
  const Embedder& embedder_;
  std::vector<Text> texts_;
  std::unordered_map<uint64_t, Verdict> verdicts_;
};

// The texts of one partition that have an answer, as services/cache/partition.h keeps them, for one
// reader.
class Shelf {
 public:
  explicit Shelf(DecidedTexts& texts) : texts_(texts), index_(texts.dimension()) {}

  void Put(uint32_t text);

  struct Found {
    uint32_t text = 0;
    bool exact = false;
  };
  // Whose answer `asked` gets.
  std::optional<Found> Find(uint32_t asked, const Decision& decision);

 private:
  DecidedTexts& texts_;
  RowIndex index_;
  std::vector<uint32_t> text_of_row_;
  std::map<crypto::Digest, uint32_t> exact_;
};

}  // namespace weir::cache
