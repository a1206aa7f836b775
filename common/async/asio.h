#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

namespace weir {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

// co_await x(..., kTuple) yields (ErrorCode, values...): no exception crosses our code.
inline constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

}  // namespace weir
