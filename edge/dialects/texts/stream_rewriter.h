#pragma once

#include <any>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"
#include "edge/dialects/texts/outline.h"
#include "edge/dialects/texts/sse_event.h"
#include "edge/dialects/texts/stream_key.h"

namespace weir::edge::texts {

// Takes the texts out of a stream's events and puts others in their place. A text that comes in
// pieces may be held back: what is let go goes into the events that are there, and what is left
// when it ends into one more, before the event that ends it ("finish_reason", a usage chunk,
// [DONE],
// "*.done"). All other bytes stay as they came. One for each stream, not thread-safe.
//
// A round: Read, then for each of pieces() its `release`, then Write.
class StreamRewriter {
 public:
  enum class Kind : uint8_t {
    kChat,       // Chat and completions.
    kResponses,  // Typed events.
  };
  struct Options {
    Kind kind = Kind::kChat;
    // What is no text of an answer does not stay either: log probabilities, comments.
    bool is_strict = false;
  };
  // Texts at once that come in pieces; one more is an error.
  static constexpr size_t kMostKeys = 256;

  struct Piece {
    std::string path;  // As of a part of a whole answer, as is the role.
    std::string_view role;
    std::string delta;
    bool is_first = false;  // A text begins.
    bool is_last = false;   // It ends: nothing is held back any more.
    bool is_aside = false;  // Whole, and of no answer: what was asked for, said once more.
    // What is kept of a text until its next piece; of another one where it `is_first`. Pieces that
    // share it come in the order of the list.
    std::any& state() { return key->state; }
    std::string release;  // To be filled in.

    StreamKeyPtr key;
  };

  explicit StreamRewriter(Options options) : options_(options) {}

  // `events` are whole ones. With `is_end` nothing comes behind them, and all is let go. kDataLoss:
  // they are no JSON, or too much at once. Of no use after an error.
  absl::Status Read(std::string events, bool is_end);
  std::vector<Piece>& pieces() { return pieces_; }
  std::string Write();

 private:
  struct Slot {
    Span raw;  // Of the event's data.
    int segment = 0;
  };
  struct Event {
    const SseEvent* sse = nullptr;
    std::vector<Slot> slots;
    std::vector<Span> logprobs;
    std::optional<Span> sequence;
  };
  // What of one text is in this round.
  struct Part {
    int piece = -1;  // -1: structure of arguments.
    std::string structure;
    bool is_escaped = false;
  };
  struct Segment {
    StreamKeyPtr key;  // Of its own where it `is_whole`.
    bool is_whole = false;
    bool is_aside = false;
    std::string joined;
    std::vector<Part> parts;
    bool is_last = false;
    bool is_forced = false;  // It is not what its slots say.
    size_t slots = 0;
    // Where there is no slot: before which event, and in which surroundings.
    size_t before = 0;
    std::string head;
    // What is let go.
    std::string made;
    bool is_changed = false;
    size_t slots_written = 0;
  };

  absl::Status ReadEvent(const SseEvent& sse, size_t index);
  absl::Status ReadChatEnds(std::string_view json, const Outline& outline, size_t index);
  void ReadTypedEnds(std::string_view json, const Outline& outline, size_t index);
  absl::Status ReadText(std::string_view json, const Outline& outline, const Outline::Text& text,
                        Event& event);
  absl::StatusOr<StreamKeyPtr> KeyOf(const EventText& named, std::string_view json,
                                     const Outline& outline, const Outline::Text& text);
  void AddDelta(StreamKey& key, const StreamKeyPtr& owner, std::string_view raw, Event& event,
                Span span);
  void AddWhole(std::string_view raw, const Outline& outline, const Outline::Text& text,
                Event& event, Span span);
  template <typename Ends>
  void Flush(size_t before, Ends ends);
  void EndKey(const StreamKeyPtr& key, size_t before);
  void MakePieces(Segment& segment);
  void AddPiece(Segment& segment, ArgumentPieces::Piece piece);
  void MakeRelease(Segment& segment);
  void WriteEvent(Event& event, std::string& out);
  std::string Patched(Event& event);
  void WriteMade(const Segment& segment, std::string& out);
  void RememberSurroundings(std::string_view json, const Outline& outline);
  static std::string KnownName(const Segment& segment);
  bool IsAsItCame(const Event& event) const;

  const Options options_;
  OutlineReader reader_;
  std::map<std::string, StreamKeyPtr, std::less<>> keys_;
  // Of a chat event with a text, what is no text: how one that is made begins.
  std::string chat_head_;
  // Short texts that were there whole and stayed as they were: names that come with every event.
  std::set<std::string, std::less<>> known_;
  int64_t inserted_ = 0;  // Events.
  int64_t last_sequence_ = -1;

  // Of this round.
  std::string bytes_;
  std::deque<SseEvent> sse_;
  std::vector<Event> events_;
  std::deque<Segment> segments_;
  std::vector<Piece> pieces_;
};

}  // namespace weir::edge::texts
