#include "common/process/startup_pages.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

namespace weir::process {
namespace {

// Code alone: it is a private mapping that nobody has written to, so that the file has all of it.
// Data that was relocated lives in the process only.
bool IsCode(const ElfW(Phdr) & segment) {
  return segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0 &&
         (segment.p_flags & PF_W) == 0;
}

int DropCode(dl_phdr_info* library, size_t, void* dropped) {
  if (library->dlpi_name[0] != '\0' && library->dlpi_name[0] != '/') return 0;  // The vDSO.
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (int i = 0; i < library->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = library->dlpi_phdr[i];
    if (!IsCode(segment)) continue;
    // Whole pages inside the segment: its first and last one may hold something else.
    const uintptr_t start = library->dlpi_addr + segment.p_vaddr;
    const uintptr_t first = (start + page - 1) / page * page;
    const uintptr_t end = (start + segment.p_filesz) / page * page;
    if (end <= first) continue;
    if (::madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED) == 0) {
      *static_cast<size_t*>(dropped) += end - first;
    }
  }
  return 0;
}

}  // namespace

size_t DropStartupPages() {
  size_t dropped = 0;
  ::dl_iterate_phdr(DropCode, &dropped);
  return dropped;
}

}  // namespace weir::process
