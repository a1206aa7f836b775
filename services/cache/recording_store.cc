#include "services/cache/recording_store.h"

namespace weir::cache {

std::string SealContext(std::string_view organization) {
  return fmt::format("cache/{}/answer", organization);
}

}  // namespace weir::cache
