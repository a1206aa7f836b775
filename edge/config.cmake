weir_add_library(edge_config LAYER edge PCH asio
  SOURCES config.cc config_sections.cc
  PUBLIC weir::edge_http weir::edge_upstream weir::common_config
  PRIVATE weir::common_text)
weir_add_test(edge_config_test SOURCES config_test.cc PRIVATE weir::edge_config)
weir_add_library(edge_admin_config LAYER edge PCH asio
  SOURCES admin/door_config.cc
  PUBLIC weir::edge_admin weir::edge_config
  PRIVATE weir::common_text)
