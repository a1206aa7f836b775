#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::edge {

// Puts a chat's answer together from the chunks of its stream. Chunks that differ from an earlier
// one in a piece of text alone, which nearly all do, are not parsed. One for each stream, not
// thread-safe.
class ChatRecorder {
 public:
  // `max_bytes` of text are kept; of more there is no recording.
  explicit ChatRecorder(size_t max_bytes) : max_bytes_(max_bytes) {}

  // The data of one event.
  void Event(std::string_view data);

  // There will be no recording, whatever comes.
  bool is_hopeless() const { return is_hopeless_; }

  // The chat.completion object that the stream amounts to, to be checked as if it had come whole.
  // Nothing: the stream did not end by itself. `usage`, a JSON object, is used where the stream had
  // none.
  std::optional<std::string> Finish(std::string_view usage) const;

 private:
  // Insides of JSON strings, as they came.
  struct Text {
    std::string inside;
    bool is_there = false;
  };
  // How a chunk begins before its text, and ends behind it.
  struct Frame {
    std::string head;
    std::string tail;
    bool has_padding = false;  // Random letters follow the tail, and "\"}".
  };

  bool TakeKnown(std::string_view data);
  void Learn(std::string_view data);
  void Parse(std::string_view data);
  bool TakeOrigin(simdjson::dom::element root);
  bool TakeChoices(simdjson::dom::element root);
  bool TakeChoice(simdjson::dom::element choice);
  bool TakeDelta(simdjson::dom::object delta);
  void Add(Text& text, std::string_view inside);
  Text* TextFor(std::string_view key);
  void GiveUp();

  const size_t max_bytes_;
  bool is_hopeless_ = false;
  bool is_done_ = false;
  bool is_finished_ = false;  // With "stop".
  size_t bytes_ = 0;
  Frame known_;
  Text content_, refusal_, reasoning_content_, reasoning_;
  std::string id_, model_, service_tier_, system_fingerprint_;
  int64_t created_ = 0;
  std::string usage_;
};

}  // namespace weir::edge
