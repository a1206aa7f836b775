#include "apps/weirctl/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/text/excerpt.h"

namespace weir::weirctl {
namespace {

constexpr size_t kMaxCellBytes = 200;
constexpr std::string_view kGap = "  ";

// Of characters, not bytes: a name may have accents.
size_t Width(const std::string& cell) {
  return static_cast<size_t>(std::count_if(cell.begin(), cell.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace

Table::Table(std::vector<std::string> headings) {
  for (std::string& each : headings) {
    right_.push_back(each.starts_with('>'));
    if (right_.back()) each.erase(0, 1);
  }
  rows_.push_back(std::move(headings));
}

void Table::Add(std::vector<std::string> cells) {
  for (std::string& each : cells) {
    each = each.empty() ? "-" : text::Excerpt(each, kMaxCellBytes);
  }
  cells.resize(right_.size());
  rows_.push_back(std::move(cells));
}

void Table::Print(std::ostream& out) const {
  std::vector<size_t> widths(right_.size());
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - Width(row[i]), ' ');
      if (i > 0) line += kGap;
      line += right_[i] ? padding + row[i] : row[i] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  }
}

}  // namespace weir::weirctl
