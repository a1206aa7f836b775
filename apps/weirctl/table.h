#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace weir::weirctl {

// Text in aligned columns. Control characters are escaped, so that no name can write to the
// terminal.
class Table {
 public:
  // A heading that starts with '>' is of a column of numbers: aligned to the right.
  explicit Table(std::vector<std::string> headings);

  // As many cells as headings; an empty one is shown as "-".
  void Add(std::vector<std::string> cells);

  bool empty() const { return rows_.size() == 1; }
  void Print(std::ostream& out) const;

 private:
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;  // The headings first.
};

}  // namespace weir::weirctl
