// Any bytes are a configuration and a file of documents, or faults: never a crash, a throw, or
// minutes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/config/documents.h"
#include "common/config/load.h"

namespace weir::config {
namespace {

struct Element {
  std::string name;
  int count = 0;
};

void ReadElement(Reader& reader, Element& element) {
  reader.String("n", &element.name, {.required = true});
  reader.Int("c", &element.count, {.min = 0, .max = 9});
}

void ReadAll(Reader& reader) {
  std::vector<Element> list;
  std::map<std::string, Element> map;
  std::vector<std::string> strings;
  Secret secret;
  Duration duration{};
  int64_t bytes = 0;
  reader.List("l", &list, ReadElement);
  reader.Map("m", &map, ReadElement);
  reader.Strings("s", &strings);
  reader.Secret("k", &secret);
  reader.Duration("d", &duration);
  reader.Bytes("b", &bytes);
}

}  // namespace
}  // namespace weir::config

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)weir::config::Load({.file = "fuzz.yaml", .text = text}, weir::config::ReadAll);
  (void)weir::config::ParseDocuments(text, "fuzz.yaml");
  return 0;
}
