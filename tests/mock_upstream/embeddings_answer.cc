#include "tests/mock_upstream/embeddings_answer.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <bit>
#include <cmath>

#include "tests/mock_upstream/json_text.h"
#include "tests/mock_upstream/words.h"

namespace weir::mock {
namespace {

static_assert(std::endian::native == std::endian::little, "OpenAI's base64 is little-endian");

uint64_t Fnv1a(std::string_view text) {
  uint64_t hash = 14695981039346656037u;
  for (unsigned char c : text) hash = (hash ^ c) * 1099511628211u;
  return hash;
}

uint64_t SplitMix(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

std::vector<float> UnitVector(std::string_view text, int64_t dimensions) {
  uint64_t state = Fnv1a(text);
  std::vector<float> vector(static_cast<size_t>(dimensions));
  double squares = 0;
  for (float& value : vector) {
    value = static_cast<float>(SplitMix(state) >> 40) / static_cast<float>(1 << 23) - 1.0F;
    squares += static_cast<double>(value) * value;
  }
  const auto norm = static_cast<float>(std::sqrt(squares));
  for (float& value : vector) value = norm > 0 ? value / norm : 1.0F;
  return vector;
}

std::string Base64(const std::vector<float>& vector) {
  const size_t bytes = vector.size() * sizeof(float);
  std::string out((bytes + 2) / 3 * 4 + 1, '\0');  // OpenSSL ends it with a NUL.
  const int written = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                      reinterpret_cast<const unsigned char*>(vector.data()),
                                      static_cast<int>(bytes));
  out.resize(static_cast<size_t>(written));
  return out;
}

std::string VectorJson(const std::vector<float>& vector, bool base64) {
  if (base64) return fmt::format("\"{}\"", Base64(vector));
  return fmt::format("[{}]", fmt::join(vector, ","));
}

}  // namespace

AnswerPtr EmbeddingsAnswer(const EmbeddingsRequest& request, const Behaviour& behaviour) {
  const int64_t dimensions = request.dimensions.value_or(behaviour.dimensions);
  Usage usage;
  std::string items;
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    usage.prompt += CountWords(request.inputs[i]);
    fmt::format_to(std::back_inserter(items),
                   R"({}{{"object":"embedding","index":{},"embedding":{}}})", i == 0 ? "" : ",", i,
                   VectorJson(UnitVector(request.inputs[i], dimensions), request.base64));
  }
  usage.prompt = behaviour.prompt_tokens.value_or(usage.prompt);
  Usage booked = BookedUsage(usage, behaviour);
  booked.completion = 0;  // An embedding has none, whatever an override says.
  const std::string report =
      behaviour.omit_usage ? "" : fmt::format(R"(,"usage":{})", UsageJson(usage, behaviour, false));
  std::string body = fmt::format(R"({{"object":"list","data":[{}],"model":{}{}}})", items,
                                 Json(request.model), report);
  return WholeAnswer(behaviour.status, std::move(body), booked, behaviour);
}

}  // namespace weir::mock
