#include "tests/mock_upstream/control_connection.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "tests/mock_upstream/control_api.h"

namespace weir::mock {
namespace {

namespace http = boost::beast::http;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

class ControlConnection final : public OpenConnection {
 public:
  ControlConnection(CorePtr core, EventLoop& loop, Socket socket)
      : core_(std::move(core)), loop_(loop), socket_(std::move(socket)), api_(core_) {
    loop_.connections.insert(this);
  }
  ~ControlConnection() override { loop_.connections.erase(this); }

  void Close() override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

  static Awaitable<void> Run(std::shared_ptr<ControlConnection> self) {
    bool open = true;
    while (open) open = co_await self->ServeOne();
  }

 private:
  Awaitable<bool> ServeOne() {
    request_ = {};
    auto [unread, read] = co_await http::async_read(socket_, buffer_, request_, kAwait);
    if (unread) co_return false;
    co_await Settle();
    Answer();
    auto [unwritten, written] = co_await http::async_write(socket_, response_, kAwait);
    co_return !unwritten && response_.keep_alive();
  }

  // A loop that has just written an answer books it when the write completes: one turn later. The
  // first turn here may come before that, the second cannot.
  Awaitable<void> Settle() {
    for (const auto& loop : core_->loops) {
      for (int turn = 0; turn < 2; ++turn) {
        co_await asio::post(loop->context.get_executor(), asio::use_awaitable_t<Executor>());
      }
    }
  }

  void Answer() {
    const auto target = request_.target();
    ControlApi::Answer answer =
        api_.Handle(request_.method(), {target.data(), target.size()}, request_.body());
    response_ = Response(static_cast<http::status>(answer.status), request_.version());
    response_.set(http::field::content_type, "application/json");
    response_.body() = std::move(answer.json);
    response_.keep_alive(request_.keep_alive());
    response_.prepare_payload();
  }

  const CorePtr core_;
  EventLoop& loop_;
  Socket socket_;
  ControlApi api_;
  boost::beast::flat_buffer buffer_;
  Request request_;
  Response response_;
};

}  // namespace

void ServeControl(CorePtr core, EventLoop& loop, Socket socket) {
  auto connection = std::make_shared<ControlConnection>(std::move(core), loop, std::move(socket));
  asio::co_spawn(loop.context.get_executor(), ControlConnection::Run(std::move(connection)),
                 asio::detached);
}

}  // namespace weir::mock
