#include "tests/quality/stream_play.h"

#include <map>
#include <string>

namespace weir::cache {

PlayedBySource PlayStream(std::span<const StreamRequest> requests, DecidedTexts& texts,
                          const Decision& decision) {
  PlayedBySource played;
  std::map<std::string, Shelf> shelves;
  for (uint32_t i = 0; i < requests.size(); ++i) {
    Shelf& shelf = shelves.try_emplace(requests[i].partition, texts).first->second;
    Played& of = played[requests[i].source];
    ++of.requests;
    const auto found = shelf.Find(i, decision);
    if (!found) {
      shelf.Put(i);
      continue;
    }
    const bool right = requests[found->text].set_id == requests[i].set_id;
    ++(found->exact ? (right ? of.exact_right : of.exact_wrong) : (right ? of.right : of.wrong));
  }
  return played;
}

Played PlayTable(std::span<const LabelledPair> pairs, DecidedTexts& texts,
                 const Decision& decision) {
  Shelf shelf(texts);
  for (uint32_t i = 0; i < pairs.size(); ++i) shelf.Put(2 * i);
  Played played;
  for (uint32_t i = 0; i < pairs.size(); ++i) {
    ++played.requests;
    const auto found = shelf.Find(2 * i + 1, decision);
    if (!found) continue;
    const bool right = texts.exact_key(found->text) == texts.exact_key(2 * i);
    ++(found->exact ? (right ? played.exact_right : played.exact_wrong)
                    : (right ? played.right : played.wrong));
  }
  return played;
}

}  // namespace weir::cache
