// Reads request bodies from stdin (each its length in four bytes, little-endian, then itself) and
// says of each, in a line of JSON, what the gateway makes of it: refused and why, or what it read,
// and the body with changes spliced in.
#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "common/text/json_escape.h"
#include "edge/dialects/openai/request_body.h"
#include "edge/testing/padded.h"

namespace weir::edge::openai {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  text::AppendJsonString(out, text);
  return out;
}

std::string Describe(RequestReader& reader, std::string_view json) {
  const testing::Padded body(json);
  const auto read = reader.Read(routing::v1::API_KIND_CHAT, body.view());
  if (!read.ok()) {
    return fmt::format(R"({{"accepted":false,"why":{}}})", Quoted(status::Message(read.status())));
  }
  const Changes changes{.model = "spliced", .output_cap = 77, .ask_for_usage = true};
  return fmt::format(
      R"({{"accepted":true,"model":{},"stream":{},"choices":{},"declared":{},"usage_asked":{},"spliced":{}}})",
      Quoted(read->model), read->stream, read->choices,
      read->output_tokens_declared ? std::to_string(*read->output_tokens_declared) : "null",
      read->usage_asked, Quoted(Splice(body.view(), *read, changes)));
}

void Run() {
  RequestReader reader;
  uint32_t size = 0;
  std::string body;
  while (std::fread(&size, sizeof(size), 1, stdin) == 1) {
    body.resize(size);
    if (size > 0 && std::fread(body.data(), size, 1, stdin) != 1) return;
    const std::string line = Describe(reader, body) + "\n";
    std::fwrite(line.data(), line.size(), 1, stdout);
  }
}

}  // namespace
}  // namespace weir::edge::openai

int main() { weir::edge::openai::Run(); }
