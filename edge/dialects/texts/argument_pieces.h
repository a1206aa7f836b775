#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "edge/dialects/texts/json_lexer.h"

namespace weir::edge::texts {

// The JSON that a string holds, a tool's arguments, taken apart into its strings and what is
// between them; it may come in pieces, cut anywhere. From where it is no JSON on, all of it is one
// text. Keys and numbers are no texts. Not thread-safe.
//
// Whatever the pieces, the texts are those of the whole, only cut; at most JsonLexer::kMostHeld
// bytes wait for the rest of an escape or a number.
class ArgumentPieces {
 public:
  struct Piece {
    bool is_text = false;
    // Structure: as it stands. Text: unescaped where it `is_escaped`.
    std::string text;
    bool is_escaped = false;
    bool is_last = false;  // The text ends with it.
    std::string path;      // Of the text, behind that of the whole: ".to[0]".
    // Where it stands in what was fed, all of it.
    size_t begin = 0;
    size_t end = 0;
  };

  // What is settled now is appended to `out`; after the last piece all is, and every text has
  // ended.
  void Feed(std::string_view json, bool is_last, std::vector<Piece>& out);

 private:
  struct Level {
    bool is_object = false;
    std::string key;  // Raw.
    size_t index = 0;
  };
  void Take(const JsonLexer::Token& token, std::string_view json, std::vector<Piece>& out);
  void Structure(std::string_view json, size_t end, std::vector<Piece>& out);
  void Text(std::string_view raw, bool is_escaped, bool is_last, size_t begin,
            std::vector<Piece>& out);
  void CloseText(std::vector<Piece>& out, size_t at);
  void AfterValue();
  std::string Path() const;

  JsonLexer lexer_{/*lets_controls_pass=*/true};
  std::vector<Level> levels_;
  std::string held_;
  size_t fed_ = 0;    // Where `held_` begins.
  size_t given_ = 0;  // Of the buffer.
  bool in_text_ = false;
  bool is_plain_ = false;
  std::string path_;
};

}  // namespace weir::edge::texts
