#pragma once

#include <string_view>

#include "common/rpc/admin_client.h"
#include "common/status/status.h"

namespace weir::weirctl {

// All pages of a List method in one message.
template <typename Req, typename Resp>
absl::StatusOr<Resp> ListAll(rpc::AdminClient& client, std::string_view method, Req request) {
  constexpr int kPageSize = 1000;
  constexpr int kMaxPages = 1000;
  Resp all;
  request.set_page_size(kPageSize);
  for (int i = 0; i < kMaxPages; ++i) {
    Resp page;
    WEIR_RETURN_IF_ERROR(client.Call(method, request, page));
    all.MergeFrom(page);
    all.clear_next_page_token();
    if (page.next_page_token().empty()) return all;
    request.set_page_token(page.next_page_token());
  }
  return status::ResourceExhausted("calling {}: more than {} pages", method, kMaxPages);
}

}  // namespace weir::weirctl
