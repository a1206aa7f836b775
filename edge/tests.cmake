# Tests, fuzzers and benchmarks of the edge. In a list of their own, so that CMakeLists.txt shows what the edge is made of.

weir_add_test(edge_http_test
  SOURCES
    http/chunked_test.cc http/connection_test.cc http/deadlines_test.cc http/header_rules_test.cc http/inflater_test.cc
    http/listener_test.cc http/peer_watch_test.cc http/reply_writer_test.cc
    http/request_shape_test.cc http/transport_test.cc
  PRIVATE weir::edge_http ZLIB::ZLIB)

weir_add_test(edge_openai_test
  SOURCES
    dialects/openai/answer_usage_test.cc dialects/openai/cut_events_test.cc
    dialects/openai/json_cursor_test.cc dialects/openai/json_string_test.cc
    dialects/openai/member_spans_test.cc dialects/openai/request_body_test.cc
    dialects/openai/responses_members_test.cc
    dialects/openai/splice_test.cc dialects/openai/stream_tee_test.cc
    dialects/responses/answer_test.cc dialects/responses/stream_tee_test.cc
  PRIVATE weir::edge_openai simdjson::simdjson)

weir_add_test(edge_caching_test
  SOURCES
    caching/cache_headers_test.cc caching/identity_property_test.cc
    caching/recorded_answer_test.cc caching/replay_test.cc caching/request_identity_test.cc
    caching/stream_recorder_test.cc
  PRIVATE weir::edge_caching)

weir_add_test(edge_texts_test
  SOURCES
    dialects/texts/argument_pieces_test.cc dialects/texts/json_lexer_test.cc dialects/texts/json_texts_test.cc dialects/texts/stream_restorer_test.cc dialects/texts/text_edits_test.cc
  PRIVATE weir::edge_texts simdjson::simdjson)

weir_add_test(edge_guard_test
  SOURCES pipeline/guard_test.cc pipeline/stream_masker_test.cc pipeline/typed_stream_masker_test.cc
  PRIVATE weir::edge_guard simdjson::simdjson)

weir_add_test(edge_upstream_test
  SOURCES
    upstream/address_policy_test.cc upstream/dialer_test.cc
    upstream/upstream_call_test.cc upstream/upstream_pool_test.cc
  PRIVATE weir::edge_upstream weir::mock_upstream ZLIB::ZLIB)

weir_add_test(edge_pipeline_test
  SOURCES
    http/error_body_test.cc pipeline/address_limiter_test.cc pipeline/answer_cache_test.cc
    pipeline/attached_policies_test.cc pipeline/attempts_test.cc pipeline/cached_calls_test.cc
    pipeline/cors_test.cc pipeline/credential_test.cc pipeline/limit_headers_test.cc
    pipeline/models_list_test.cc pipeline/outbox_record_test.cc pipeline/outbox_segment_test.cc pipeline/outbox_test.cc
    pipeline/good_news_test.cc pipeline/guard_choices_test.cc pipeline/guarded_calls_test.cc pipeline/pipeline_test.cc pipeline/policy_view_test.cc pipeline/shared_flights_test.cc pipeline/quarantine_test.cc pipeline/recovery_test.cc pipeline/responses_test.cc pipeline/retry_budget_test.cc
    pipeline/routing_view_test.cc pipeline/stream_budget_test.cc
    pipeline/stream_wall_test.cc
  PRIVATE weir::edge_pipeline weir::mock_upstream weir::common_log ZLIB::ZLIB)

weir_add_test(edge_test SOURCES edge_test.cc PRIVATE weir::edge weir::mock_upstream)

weir_add_test(edge_admin_test
  SOURCES
    admin/backend_health_test.cc admin/connect_error_test.cc admin/door_config_test.cc admin/door_request_test.cc
    admin/door_test.cc admin/transcode_test.cc
  PRIVATE weir::edge_admin weir::edge_admin_config)

weir_add_fuzzer(http_request_fuzz SOURCES http/http_request_fuzz.cc PRIVATE weir::edge_http)
weir_add_fuzzer(chat_json_fuzz SOURCES dialects/openai/chat_json_fuzz.cc PRIVATE weir::edge_openai)
weir_add_fuzzer(sse_fuzz SOURCES dialects/openai/sse_fuzz.cc PRIVATE weir::edge_openai)
weir_add_fuzzer(responses_sse_fuzz SOURCES dialects/responses/responses_sse_fuzz.cc PRIVATE weir::edge_openai)

weir_add_fuzzer(caching_fuzz SOURCES caching/caching_fuzz.cc PRIVATE weir::edge_caching)

weir_add_benchmark(edge_caching_benchmark
  SOURCES caching/stream_recorder_benchmark.cc
  PRIVATE weir::edge_caching)
weir_add_benchmark(edge_openai_benchmark
  SOURCES dialects/openai/request_body_benchmark.cc dialects/openai/stream_tee_benchmark.cc
    dialects/responses/stream_tee_benchmark.cc
  PRIVATE weir::edge_openai)
weir_add_benchmark(edge_http_benchmark PCH asio
  SOURCES http/request_benchmark.cc
  PRIVATE weir::edge_http)

weir_add_fuzzer(json_texts_fuzz SOURCES dialects/texts/json_texts_fuzz.cc PRIVATE weir::edge_texts)
weir_add_fuzzer(stream_masker_fuzz PCH asio SOURCES pipeline/stream_masker_fuzz.cc PRIVATE weir::edge_guard)
weir_add_benchmark(edge_guard_benchmark PCH asio
  SOURCES pipeline/stream_masker_benchmark.cc
  PRIVATE weir::edge_guard)
