#include "edge/pipeline/boot_id.h"

#include <fstream>

namespace weir::edge {

std::string BootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace weir::edge
