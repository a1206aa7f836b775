#pragma once

#include <bitset>

namespace weir::guardrails {

// Some of the 256 bytes. A value.
class ByteSet {
 public:
  void Add(unsigned char byte) { bits_.set(byte); }
  void AddRange(int first, int last) {
    for (int each = first; each <= last; ++each) bits_.set(static_cast<size_t>(each));
  }
  void Add(const ByteSet& others) { bits_ |= others.bits_; }
  void KeepOnly(const ByteSet& others) { bits_ &= others.bits_; }
  bool Has(char byte) const { return bits_.test(static_cast<unsigned char>(byte)); }
  size_t size() const { return bits_.count(); }

 private:
  std::bitset<256> bits_;
};

}  // namespace weir::guardrails
