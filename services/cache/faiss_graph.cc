#include "services/cache/faiss_graph.h"

#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/impl/DistanceComputer.h>
#include <faiss/impl/IDSelector.h>
#include <omp.h>

#include <algorithm>

#include "services/cache/int8_dot.h"

namespace weir::cache {
namespace {

constexpr int kLinks = 16;
constexpr int kBuildWidth = 100;
constexpr int kSearchWidth = 64;
// One call adds so many: each call costs as much as there are rows, besides.
constexpr faiss::Index::idx_t kAddedAtOnce = 4096;

// The vectors of a graph, and how near they are to each other.
class Vectors final : public faiss::IndexFlat {
 public:
  explicit Vectors(size_t dimension)
      : IndexFlat(static_cast<idx_t>(dimension), faiss::METRIC_INNER_PRODUCT) {}

  faiss::FlatCodesDistanceComputer* get_FlatCodesDistanceComputer() const override {
    return new Products(get_xb(), static_cast<size_t>(d));
  }

 private:
  class Products final : public faiss::FlatCodesDistanceComputer {
   public:
    Products(const float* vectors, size_t dimension)
        : FlatCodesDistanceComputer(reinterpret_cast<const uint8_t*>(vectors),
                                    dimension * sizeof(float)),
          vectors_(vectors),
          dimension_(dimension) {}
    void set_query(const float* query) override { query_ = query; }
    float symmetric_dis(idx_t i, idx_t j) override { return dot_(At(i), At(j), dimension_); }
    float distance_to_code(const uint8_t* code) override {
      return dot_(query_, reinterpret_cast<const float*>(code), dimension_);
    }

   private:
    const float* At(idx_t row) const { return vectors_ + static_cast<size_t>(row) * dimension_; }
    const float* const vectors_;
    const size_t dimension_;
    const FloatDot dot_ = FastestFloatDot();
    const float* query_ = nullptr;
  };
};

// What a search accepts, as FAISS asks for it.
class Selector final : public faiss::IDSelector {
 public:
  explicit Selector(Accepts accepts) : accepts_(accepts) {}
  bool is_member(idx_t id) const override { return accepts_(static_cast<uint32_t>(id)); }

 private:
  const Accepts accepts_;
};

class FaissGraph final : public Index {
 public:
  FaissGraph(std::vector<float> vectors, size_t dimension)
      : vectors_(dimension), graph_(&vectors_, kLinks) {
    graph_.metric_type = faiss::METRIC_INNER_PRODUCT;
    graph_.is_trained = true;
    graph_.hnsw.efConstruction = kBuildWidth;
    const auto rows = static_cast<faiss::Index::idx_t>(vectors.size() / dimension);
    for (faiss::Index::idx_t done = 0; done < rows; done += kAddedAtOnce) {
      graph_.add(std::min(kAddedAtOnce, rows - done),
                 vectors.data() + static_cast<size_t>(done) * dimension);
    }
  }

  std::vector<Neighbour> Search(std::span<const float> query, size_t most,
                                Accepts accepts) const override {
    // The loops of FAISS would wake threads for one query.
    omp_set_num_threads(1);
    const size_t wanted = std::min(most, static_cast<size_t>(graph_.ntotal));
    std::vector<float> cosines(wanted);
    std::vector<faiss::Index::idx_t> rows(wanted, -1);
    Selector selector(accepts);
    faiss::SearchParametersHNSW parameters;
    parameters.efSearch = std::max(kSearchWidth, static_cast<int>(wanted));
    parameters.sel = &selector;
    graph_.search(1, query.data(), static_cast<faiss::Index::idx_t>(wanted), cosines.data(),
                  rows.data(), &parameters);
    std::vector<Neighbour> found;
    for (size_t i = 0; i < wanted; ++i) {
      if (rows[i] < 0) continue;
      found.push_back({.row = static_cast<uint32_t>(rows[i]), .cosine = cosines[i]});
    }
    return Nearest(std::move(found), most);
  }

 private:
  Vectors vectors_;
  faiss::IndexHNSW graph_;
};

}  // namespace

std::unique_ptr<const Index> FaissGraphBuilder::Build(std::vector<float> vectors,
                                                      size_t dimension) const {
  omp_set_num_threads(1);
  return std::make_unique<FaissGraph>(std::move(vectors), dimension);
}

}  // namespace weir::cache
