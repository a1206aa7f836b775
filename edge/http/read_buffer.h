#pragma once

#include <cstring>
#include <memory>
#include <string_view>

namespace weir::edge {

// Bytes read from a socket and not consumed yet, in one piece. 64 bytes behind the end are always
// readable (simdjson's padding). Not thread-safe; grows as far as it is asked to: who reads bounds
// it.
class ReadBuffer {
 public:
  static constexpr size_t kPadding = 64;
  explicit ReadBuffer(size_t capacity) { Reserve(capacity); }

  std::string_view data() const { return {bytes_.get() + begin_, end_ - begin_}; }
  char* mutable_data() { return bytes_.get() + begin_; }
  bool empty() const { return begin_ == end_; }

  // Room for one read: what is left of the capacity, at least `want` bytes. Moves or grows what is
  // there; views into it end.
  std::pair<char*, size_t> Prepare(size_t want) {
    if (capacity_ - end_ < want) {
      if (begin_ > 0) {
        std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
      }
      if (capacity_ - end_ < want) Reserve(std::max(capacity_ * 2, end_ + want));
    }
    return {bytes_.get() + end_, capacity_ - end_};
  }
  // `read` bytes are there now, no more than Prepare gave.
  void Commit(size_t read) { end_ += read; }

  // Forgets the first `count` bytes, of at most data(). Views into the rest stay valid.
  void Consume(size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  // Gives memory back after a large body; nothing where there are bytes in it.
  void ShrinkTo(size_t capacity) {
    if (capacity_ > capacity && empty()) {
      capacity_ = 0;
      Reserve(capacity);
    }
  }

 private:
  void Reserve(size_t capacity) {
    std::unique_ptr<char[]> bigger(new char[capacity + kPadding]);
    if (end_ > begin_) std::memcpy(bigger.get(), bytes_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    std::memset(bigger.get() + capacity, 0, kPadding);
    bytes_ = std::move(bigger);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> bytes_;
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace weir::edge
