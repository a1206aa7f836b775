#include <benchmark/benchmark.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <string_view>

#include "edge/http/request_shape.h"

namespace weir::edge {
namespace {

// What the official Python SDK sends.
constexpr std::string_view kHead =
    "POST /v1/chat/completions HTTP/1.1\r\n"
    "Host: gateway.example:8080\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Connection: keep-alive\r\n"
    "Accept: application/json\r\n"
    "Content-Type: application/json\r\n"
    "User-Agent: OpenAI/Python 1.54.3\r\n"
    "X-Stainless-Lang: python\r\n"
    "X-Stainless-Package-Version: 1.54.3\r\n"
    "X-Stainless-OS: Linux\r\n"
    "X-Stainless-Arch: x64\r\n"
    "X-Stainless-Runtime: CPython\r\n"
    "X-Stainless-Runtime-Version: 3.11.2\r\n"
    "Authorization: Bearer wr_0123456789abcdefghijABCDEFGHIJ0123456789\r\n"
    "X-Stainless-Async: false\r\n"
    "x-stainless-retry-count: 0\r\n"
    "Content-Length: 1234\r\n\r\n";

void BM_RequestShape(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(CheckRequestShape(kHead));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(kHead.size()));
}
BENCHMARK(BM_RequestShape);

void BM_RequestShapeAndParse(benchmark::State& state) {
  namespace http = boost::beast::http;
  for (auto _ : state) {
    benchmark::DoNotOptimize(CheckRequestShape(kHead));
    http::request_parser<http::empty_body> parser;
    parser.skip(true);
    boost::system::error_code error;
    parser.put(boost::asio::buffer(kHead.data(), kHead.size()), error);
    benchmark::DoNotOptimize(parser.get().target());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(kHead.size()));
}
BENCHMARK(BM_RequestShapeAndParse);

}  // namespace
}  // namespace weir::edge
