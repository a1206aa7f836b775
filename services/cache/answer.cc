#include "services/cache/answer.h"

#include <algorithm>

#include "services/cache/answer_text.h"
#include "services/cache/exact_text.h"

namespace weir::cache {
namespace {

// Of the maps, the index and the object itself.
constexpr int64_t kOverhead = 512;
// In the order of their bytes.
constexpr std::string_view kBase62 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
// Of an id: enough milliseconds for 6,900 years, and 83 bits that nobody guesses.
constexpr size_t kTimeLength = 8;
constexpr size_t kRandomLength = 14;

// All keys without a user are one.
std::string_view VoterOf(std::string_view reader) {
  return reader.starts_with("user:") ? reader : std::string_view("key");
}

}  // namespace

PartitionKey KeyOf(const v1::Partition& partition, uint64_t epoch) {
  return {.organization = partition.organization(),
          .policy = partition.policy(),
          .epoch = epoch,
          .scope = partition.scope(),
          .fingerprint = partition.fingerprint()};
}

v1::Partition PartitionOf(const PartitionKey& key) {
  v1::Partition partition;
  partition.set_organization(key.organization);
  partition.set_policy(key.policy);
  partition.set_scope(key.scope);
  partition.set_fingerprint(key.fingerprint);
  return partition;
}

bool Answer::IsPromoted() const {
  return std::ranges::any_of(
      agreeing, [this](const std::string& each) { return VoterOf(each) != VoterOf(author); });
}

bool Answer::MayBeReadBy(std::string_view reader, bool promotes) const {
  return !promotes || reader == author || IsPromoted();
}

int64_t Answer::Tokens() const {
  const common::v1::Usage& usage = recording->usage();
  return usage.input_uncached_tokens() + usage.cache_read_tokens() + usage.cache_write_5m_tokens() +
         usage.cache_write_1h_tokens() + usage.output_visible_tokens() + usage.reasoning_tokens() +
         usage.audio_input_tokens() + usage.audio_output_tokens();
}

int64_t Answer::Bytes() const {
  // Vectors lie in here and in the index, there as bytes besides.
  const size_t vectors = vector.size() * (2 * sizeof(float) + 1);
  // And the sketch: eight bytes a word.
  const size_t texts = 3 * text.size();
  return static_cast<int64_t>(recording->body().size() + texts + vectors) + kOverhead;
}

std::string NewAnswerId(WallTime now, Random& random) {
  std::string id(kTimeLength, kBase62[0]);
  auto rest = static_cast<uint64_t>(ToUnixMicros(now) / 1000);
  for (size_t i = kTimeLength; i-- > 0; rest /= kBase62.size()) {
    id[i] = kBase62[rest % kBase62.size()];
  }
  return id + RandomBase62(random, kRandomLength);
}

v1::StoredAnswer ToStored(const Answer& answer, const std::string& embedder_fingerprint,
                          bool with_vector) {
  v1::StoredAnswer stored;
  stored.set_id(answer.id);
  stored.set_version(answer.version);
  *stored.mutable_partition() = PartitionOf(answer.partition);
  stored.set_epoch(answer.partition.epoch);
  stored.set_text(answer.text);
  *stored.mutable_recording() = *answer.recording;
  stored.set_author(answer.author);
  for (const std::string& each : answer.agreeing) stored.add_agreeing(each);
  stored.set_created_us(ToUnixMicros(answer.created));
  stored.set_expires_us(ToUnixMicros(answer.expires));
  stored.set_exact_only(answer.exact_only);
  stored.set_embedder_fingerprint(embedder_fingerprint);
  if (with_vector) stored.mutable_vector()->Add(answer.vector.begin(), answer.vector.end());
  stored.set_flight(answer.flight);
  return stored;
}

absl::StatusOr<Answer> FromStored(v1::StoredAnswer stored,
                                  const std::string& embedder_fingerprint) {
  if (stored.id().empty() || stored.partition().organization().empty() || stored.author().empty()) {
    return status::DataLoss("a kept answer has no id, organisation or author");
  }
  Answer answer{.id = stored.id(),
                .version = stored.version(),
                .partition = KeyOf(stored.partition(), stored.epoch()),
                .text = stored.text(),
                .exact_key = ExactKey(stored.text()),
                .author = stored.author(),
                .agreeing = {stored.agreeing().begin(), stored.agreeing().end()},
                .created = FromUnixMicros(stored.created_us()),
                .expires = FromUnixMicros(stored.expires_us()),
                .exact_only = stored.exact_only(),
                .flight = stored.flight()};
  answer.answer_key = AnswerKey(stored.recording());
  if (stored.embedder_fingerprint() == embedder_fingerprint) {
    answer.vector.assign(stored.vector().begin(), stored.vector().end());
  }
  answer.recording = std::make_shared<const v1::Recording>(std::move(*stored.mutable_recording()));
  return answer;
}

}  // namespace weir::cache
