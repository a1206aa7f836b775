#pragma once

#include <boost/beast/http/verb.hpp>
#include <string>
#include <string_view>

#include "tests/mock_upstream/event_loop.h"

namespace weir::mock {

// The control listener's answers, without the listener. Thread-safe.
class ControlApi {
 public:
  explicit ControlApi(CorePtr core) : core_(std::move(core)) {}

  struct Answer {
    int status = 200;
    std::string json;
  };
  // 400 names what is wrong with the body or the query; 404 unknown path; 405 wrong method.
  Answer Handle(boost::beast::http::verb method, std::string_view target, std::string_view body);

 private:
  Answer SetBehaviour(std::string_view json);
  Answer Requests(std::string_view query) const;
  Answer Open() const;

  const CorePtr core_;
};

}  // namespace weir::mock
