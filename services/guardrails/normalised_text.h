#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::guardrails {

// A text as a reader takes it, whatever bytes it is written with: what looks like ASCII is ASCII.
// Fullwidth, mathematical and circled letters, digits of any script, blanks and dashes of any kind
// are read as what they stand for; characters that nobody sees are left out; Cyrillic and Greek
// letters that continue a Latin word are read as Latin.
//
// How a character is read depends on what precedes it, never on what follows; so a text that is
// read piece by piece is read as the whole is.
class NormalisedText {
 public:
  // Bytes that are left out between two that are read. What comes then is read as kBreak.
  static constexpr size_t kMostLeftOut = 6;
  static constexpr char kBreak = '\x01';

  // Reads `text`, which outlives it. `last`: the byte that was read before it, 0: none was. What is
  // not UTF-8 is read as it is. Linear; where nothing is read as something else, nothing is copied.
  explicit NormalisedText(std::string_view text, char last = 0);

  NormalisedText(const NormalisedText&) = delete;
  NormalisedText& operator=(const NormalisedText&) = delete;

  // Valid as long as this is.
  std::string_view text() const { return runs_.empty() ? raw_ : std::string_view(read_); }
  // Every byte is read as it is.
  bool is_verbatim() const { return runs_.empty(); }

  // Where in the given text what is read at `at` begins; `at` is at most text().size().
  size_t RawBegin(size_t at) const;
  // Where what was read before `at` ends. Before RawBegin where something is left out between.
  size_t RawEnd(size_t at) const;
  // How far one can read from `at` on within `bytes` of the given text.
  size_t ReadEnd(size_t at, size_t bytes) const;

 private:
  // From `read` on, until the next one begins.
  struct Run {
    uint32_t read = 0;
    uint32_t raw = 0;
    bool is_verbatim = true;  // Byte by byte; otherwise a byte, or nothing, stands for all of it.
  };
  class Reading;

  const Run& RunOf(size_t at) const;

  std::string_view raw_;
  std::string read_;
  std::vector<Run> runs_;  // Empty: there is nothing to tell.
};

// Whether all bytes are below 0x80.
bool IsAscii(std::string_view text);

}  // namespace weir::guardrails
