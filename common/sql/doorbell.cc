#include "common/sql/doorbell.h"

namespace weir::sql {

std::unique_ptr<Doorbell> SilentDoorbell() {
  class Silent final : public Doorbell {};
  return std::make_unique<Silent>();
}

}  // namespace weir::sql
