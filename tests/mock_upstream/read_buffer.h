#pragma once

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <cstring>
#include <memory>
#include <string_view>

namespace weir::mock {

// Bytes read from a connection and not consumed yet, in one piece. Grows by doubling; the reader
// bounds it by what it asks for. Not thread-safe.
class ReadBuffer {
 public:
  static constexpr size_t kInitial = 16 * 1024;
  static constexpr size_t kKept = 1024 * 1024;  // A buffer grown beyond is given back when empty.

  // Valid until the next Prepare.
  std::string_view data() const { return {bytes_.get() + begin_, end_ - begin_}; }

  // Room for at least `kInitial / 4` more bytes; may move the bytes that are held.
  boost::asio::mutable_buffer Prepare() {
    if (capacity_ - end_ < kInitial / 4) MakeRoom();
    return {bytes_.get() + end_, capacity_ - end_};
  }
  void Commit(size_t count) { end_ += count; }

  void Consume(size_t count) {
    begin_ += std::min(count, end_ - begin_);
    if (begin_ != end_) return;
    begin_ = end_ = 0;
    if (capacity_ <= kKept) return;
    bytes_ = std::make_unique_for_overwrite<char[]>(kInitial);
    capacity_ = kInitial;
  }

 private:
  void MakeRoom() {
    const size_t held = end_ - begin_;
    const size_t capacity = held > capacity_ / 2 ? capacity_ * 2 : capacity_;
    auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
    std::memcpy(bytes.get(), bytes_.get() + begin_, held);
    bytes_ = std::move(bytes);
    capacity_ = capacity;
    begin_ = 0;
    end_ = held;
  }

  std::unique_ptr<char[]> bytes_ = std::make_unique_for_overwrite<char[]>(kInitial);
  size_t capacity_ = kInitial;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace weir::mock
