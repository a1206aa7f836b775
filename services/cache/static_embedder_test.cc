#include "services/cache/static_embedder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <simdjson.h>

#include <cmath>
#include <fstream>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "common/testing/new_folder.h"
#include "common/testing/status_matchers.h"
#include "services/cache/model_for_test.h"
#include "services/cache/safetensors_for_test.h"
#include "services/cache/tokenizer_for_test.h"

namespace weir::cache {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::NewFolder;
using ::weir::testing::StatusIs;

void Write(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string TableOf(size_t rows, size_t columns, std::string_view data) {
  return SafetensorsFile(
      fmt::format(R"({{"embeddings":{{"dtype":"I8","shape":[{},{}],"data_offsets":[0,{}]}}}})",
                  rows, columns, data.size()),
      data);
}

// The sample's pieces: a row of zeros, of ones, and of minus ones.
std::string SmallTable() {
  return TableOf(3, 32, std::string(32, 0) + std::string(32, 1) + std::string(32, -1));
}

std::string FolderWith(std::string_view model, std::string_view tokenizer) {
  const std::string folder = NewFolder();
  Write(folder + "/model.safetensors", model);
  Write(folder + "/tokenizer.json", tokenizer);
  return folder;
}

TEST(StaticEmbedderTest, AddsRowsAndNormalizes) {
  const auto embedder = StaticEmbedder::Load(FolderWith(SmallTable(), kTokenizerJson));
  ASSERT_THAT(embedder, IsOk());
  EXPECT_EQ((*embedder)->dimension(), 32U);
  std::vector<float> vector(32, 7);
  EXPECT_TRUE((*embedder)->Embed("A a ab", vector));
  EXPECT_THAT(vector, Each(::testing::FloatEq(1 / std::sqrt(32.0F))));
}

TEST(StaticEmbedderTest, IsNotSearchableWithoutADirection) {
  const auto embedder = StaticEmbedder::Load(FolderWith(SmallTable(), kTokenizerJson));
  ASSERT_THAT(embedder, IsOk());
  std::vector<float> vector(32, 7);
  EXPECT_FALSE((*embedder)->Embed("", vector));
  EXPECT_FALSE((*embedder)->Embed("zebra", vector));
  EXPECT_FALSE((*embedder)->Embed("ab", vector)) << "the rows cancel";
  EXPECT_THAT(vector, Each(0));
}

TEST(StaticEmbedderTest, TheFingerprintIsOfBothFiles) {
  const auto one = StaticEmbedder::Load(FolderWith(SmallTable(), kTokenizerJson));
  const auto same = StaticEmbedder::Load(FolderWith(SmallTable(), kTokenizerJson));
  const auto table =
      StaticEmbedder::Load(FolderWith(TableOf(3, 32, std::string(96, 5)), kTokenizerJson));
  const auto pieces =
      StaticEmbedder::Load(FolderWith(SmallTable(), TokenizerJsonWith(R"("a":1)", R"("c":1)")));
  for (const auto* each : {&one, &same, &table, &pieces}) ASSERT_THAT(*each, IsOk());
  EXPECT_EQ((*one)->fingerprint().size(), 64U);
  EXPECT_EQ((*one)->fingerprint(), (*same)->fingerprint());
  EXPECT_NE((*one)->fingerprint(), (*table)->fingerprint());
  EXPECT_NE((*one)->fingerprint(), (*pieces)->fingerprint());
}

TEST(StaticEmbedderTest, SaysWhichFileIsWrong) {
  const auto invalid = absl::StatusCode::kInvalidArgument;
  const auto load = [](std::string_view model, std::string_view tokenizer) {
    return StaticEmbedder::Load(FolderWith(model, tokenizer));
  };
  EXPECT_THAT(StaticEmbedder::Load(NewFolder()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("model.safetensors")));
  EXPECT_THAT(load(SmallTable(), "{}"),
              StatusIs(invalid, HasSubstr("tokenizer.json': version is missing, want '1.0'")));
  EXPECT_THAT(load("x", kTokenizerJson), StatusIs(invalid, HasSubstr("model.safetensors': has 1")));
  EXPECT_THAT(load(TableOf(2, 32, std::string(64, 1)), kTokenizerJson),
              StatusIs(invalid, HasSubstr("has 2 rows, want one for each of the 3 pieces")));
  EXPECT_THAT(load(TableOf(3, 33, std::string(99, 1)), kTokenizerJson),
              StatusIs(invalid, HasSubstr("has 33 columns, want a multiple of 32 up to 1024")));
  EXPECT_THAT(load(TableOf(3, 1056, std::string(3168, 1)), kTokenizerJson),
              StatusIs(invalid, HasSubstr("has 1056 columns")));
}

// What the table's maker got for some texts: model/golden.json.
struct Golden {
  std::string text;
  std::vector<uint32_t> ids;
  std::vector<double> dims;  // The first eight.
};

// By name: value() of a temporary does not outlive it in a range-for.
simdjson::dom::array ArrayOf(simdjson::dom::element element, std::string_view name) {
  return element[name].get_array().value();
}

std::vector<Golden> ReadGolden() {
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.load(ModelFolder() + "/golden.json").value();
  std::vector<Golden> all;
  for (const simdjson::dom::element each : ArrayOf(root, "texts")) {
    Golden& golden = all.emplace_back();
    golden.text = each["text"].get_string().value();
    for (const simdjson::dom::element id : ArrayOf(each, "ids")) {
      golden.ids.push_back(static_cast<uint32_t>(id.get_uint64().value()));
    }
    for (const simdjson::dom::element dim : ArrayOf(each, "dims")) {
      golden.dims.push_back(dim.get_double().value());
    }
  }
  return all;
}

// The vector of pieces, straight from the file.
std::vector<double> SumOf(const Int8Matrix& table, const std::vector<uint32_t>& ids) {
  std::vector<double> sum(table.columns);
  for (const uint32_t id : ids) {
    for (size_t c = 0; c < table.columns; ++c) sum[c] += table.values[id * table.columns + c];
  }
  return sum;
}

double CosineOf(const std::vector<float>& a, const std::vector<double>& b) {
  const double product = std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  const double square_a = std::inner_product(a.begin(), a.end(), a.begin(), 0.0);
  const double square_b = std::inner_product(b.begin(), b.end(), b.begin(), 0.0);
  return product / std::sqrt(square_a * square_b);
}

TEST_F(ModelTest, TextsHaveTheMakersPieces) {
  for (const Golden& golden : ReadGolden()) {
    TokenIds ids;
    embedder_->word_pieces().Tokenize(golden.text, ids);
    EXPECT_EQ(std::vector<uint32_t>(ids.all().begin(), ids.all().end()), golden.ids) << golden.text;
  }
}

TEST_F(ModelTest, TextsHaveTheMakersVectors) {
  const auto file = FileMapping::Open(ModelFolder() + "/model.safetensors", 1 << 30);
  ASSERT_THAT(file, IsOk());
  const auto table = ReadInt8Matrix(file->bytes(), "embeddings");
  ASSERT_THAT(table, IsOk());
  for (const Golden& golden : ReadGolden()) {
    std::vector<float> vector(embedder_->dimension());
    EXPECT_EQ(embedder_->Embed(golden.text, vector), !golden.ids.empty()) << golden.text;
    for (size_t i = 0; i < golden.dims.size(); ++i) {
      EXPECT_NEAR(vector[i], golden.dims[i], 0.000'011) << golden.text << " " << i;
    }
    if (golden.ids.empty()) continue;
    EXPECT_GE(CosineOf(vector, SumOf(*table, golden.ids)), 0.9999) << golden.text;
  }
}

TEST_F(ModelTest, AnyBytesHaveLengthOneOrNone) {
  EXPECT_TRUE(rc::check([this](const std::string& text) {
    std::vector<float> vector(embedder_->dimension(), 7);
    const bool searchable = embedder_->Embed(text, vector);
    const float square = std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0F);
    RC_ASSERT((searchable ? square > 0.9999F && square < 1.0001F : square == 0));
  }));
}

}  // namespace
}  // namespace weir::cache
