# Tests, fuzzers and benchmarks of the edge. In a list of their own, so that CMakeLists.txt shows what the edge is made of.

weir_add_test(edge_http_test PCH asio
  SOURCES
    http/chunked_test.cc http/connection_test.cc http/deadlines_test.cc http/inflater_test.cc
    http/listener_test.cc http/peer_watch_test.cc http/reply_writer_test.cc
    http/request_shape_test.cc http/transport_test.cc
  PRIVATE weir::edge_http ZLIB::ZLIB)

weir_add_test(edge_openai_test
  SOURCES
    dialects/openai/answer_usage_test.cc dialects/openai/json_string_test.cc
    dialects/openai/member_spans_test.cc dialects/openai/request_body_test.cc
    dialects/openai/splice_test.cc dialects/openai/stream_tee_test.cc
  PRIVATE weir::edge_openai simdjson::simdjson)
