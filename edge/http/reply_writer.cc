#include "edge/http/reply_writer.h"

#include <fmt/format.h>

#include <array>
#include <boost/beast/http/status.hpp>
#include <ctime>

#include "edge/http/chunked.h"

namespace weir::edge {
namespace {

asio::const_buffer Bytes(std::string_view text) { return asio::buffer(text.data(), text.size()); }

}  // namespace

ReplyWriter::ReplyWriter(Transport& transport, Deadlines::Limit& limit, Duration write_wait,
                         const Clock& clock)
    : transport_(transport), limit_(limit), write_wait_(write_wait), clock_(clock) {}

void ReplyWriter::Reset(int version, bool head_only, bool last) {
  version_ = version;
  head_only_ = head_only;
  last_ = last;
  begun_ = ended_ = chunked_ = false;
}

void ReplyWriter::StartHead(int status, const Headers& headers) {
  const auto reason =
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
  head_.clear();
  head_.append("HTTP/1.1 ").append(fmt::format_int(status).c_str()).append(" ");
  head_.append(reason.data(), reason.size()).append("\r\n");
  head_.append(headers.lines());
  head_.append("date: ").append(Date()).append("\r\n");
  if (last_) {
    head_.append("connection: close\r\n");
  } else if (version_ == 10) {
    head_.append("connection: keep-alive\r\n");
  }
  begun_ = true;
}

std::string_view ReplyWriter::Date() {
  const int64_t now = ToUnixMicros(clock_.Now()) / 1'000'000;
  if (now != date_second_) {
    std::array<char, 40> text;
    const time_t seconds = now;
    tm utc{};
    gmtime_r(&seconds, &utc);
    const size_t size = strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    date_.assign(text.data(), size);
    date_second_ = now;
  }
  return date_;
}

asio::awaitable<absl::Status> ReplyWriter::Put(std::span<const asio::const_buffer> parts) {
  if (broken_) co_return status::Cancelled("the client is gone");
  limit_.Set(write_wait_);
  const ErrorCode error = co_await transport_.Write(parts);
  limit_.Clear();
  if (!error) co_return absl::OkStatus();
  broken_ = true;
  co_return status::Cancelled("writing to the client: {}", error.message());
}

asio::awaitable<absl::Status> ReplyWriter::Send(int status, Headers headers,
                                                std::string_view body) {
  StartHead(status, headers);
  if (status == 204 || status == 304) {
    head_.append("\r\n");  // RFC 9110, 8.6: without content there is no length.
    body = {};
  } else {
    head_.append("content-length: ").append(fmt::format_int(body.size()).c_str());
    head_.append("\r\n\r\n");
  }
  const std::array<asio::const_buffer, 2> parts = {Bytes(head_),
                                                   Bytes(head_only_ ? std::string_view{} : body)};
  const absl::Status sent = co_await Put(parts);
  ended_ = sent.ok();
  co_return sent;
}

void ReplyWriter::Begin(int status, Headers headers) {
  chunked_ = version_ == 11;
  if (!chunked_) last_ = true;
  StartHead(status, headers);
  head_.append(chunked_ ? "transfer-encoding: chunked\r\n\r\n" : "\r\n");
}

asio::awaitable<absl::Status> ReplyWriter::Write(std::string_view data) {
  if (data.empty() || head_only_) co_return absl::OkStatus();
  char space[20];
  const std::string_view size = chunked_ ? ChunkHead(data.size(), space) : std::string_view{};
  const std::array<asio::const_buffer, 4> parts = {
      Bytes(head_), Bytes(size), Bytes(data), Bytes(chunked_ ? kChunkEnd : std::string_view{})};
  const absl::Status sent = co_await Put(parts);
  head_.clear();
  co_return sent;
}

asio::awaitable<absl::Status> ReplyWriter::End(std::string_view last) {
  char space[20];
  if (head_only_) {
    last = {};
    chunked_ = false;
  }
  const bool framed = chunked_ && !last.empty();
  const std::string_view size = framed ? ChunkHead(last.size(), space) : std::string_view{};
  const std::array<asio::const_buffer, 5> parts = {
      Bytes(head_), Bytes(size), Bytes(last), Bytes(framed ? kChunkEnd : std::string_view{}),
      Bytes(chunked_ ? kLastChunk : std::string_view{})};
  const absl::Status sent = co_await Put(parts);
  head_.clear();
  ended_ = sent.ok();
  co_return sent;
}

void ReplyWriter::Break() {
  broken_ = true;
  last_ = true;
  transport_.Close();
}

}  // namespace weir::edge
