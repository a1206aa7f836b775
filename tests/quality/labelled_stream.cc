#include "tests/quality/labelled_stream.h"

#include <simdjson.h>

#include "common/text/ascii.h"
#include "tests/quality/gzip_file.h"

namespace weir::cache {
namespace {

bool ReadRequest(simdjson::dom::element line, StreamRequest& request) {
  std::string_view prompt, partition, set_id, source;
  if (line["prompt"].get(prompt) || line["partition"].get(partition) ||
      line["set_id"].get(set_id) || line["source"].get(source)) {
    return false;
  }
  request = {std::string(prompt), std::string(partition), std::string(set_id), std::string(source)};
  return true;
}

}  // namespace

absl::StatusOr<std::vector<StreamRequest>> ReadStream(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const std::string all, quality::ReadGzipFile(path));
  simdjson::dom::parser parser;
  std::vector<StreamRequest> requests;
  for (const std::string_view line : text::Split(all, '\n')) {
    if (line.empty()) continue;
    simdjson::dom::element object;
    requests.emplace_back();
    if (parser.parse(simdjson::padded_string(line)).get(object) ||
        !ReadRequest(object, requests.back())) {
      return status::InvalidArgument(
          "{}: request {} is not an object with prompt, partition, set_id and source", path,
          requests.size());
    }
  }
  return requests;
}

}  // namespace weir::cache
