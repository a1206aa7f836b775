#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/async/mutex.h"

namespace weir::edge::testing {

// An upstream that says exactly what a test wants, byte for byte, on a port of 127.0.0.1 and a
// thread of its own.
//
// A script is what one connection answers, request by request; behind the last answer the
// connection is closed. Connections beyond the scripts are closed at once. Requests are read by
// their Content-Length.
class ScriptedServer {
 public:
  struct Answer {
    std::string bytes;
    std::chrono::milliseconds pause{0};  // Before it.
    std::string later;                   // More of it, a moment after.
    bool reset = false;                  // Behind it, instead of going on.
    bool stay_open = false;              // Behind it, until the server ends: never another byte.
  };
  using Script = std::vector<Answer>;

  explicit ScriptedServer(std::vector<Script> scripts) : scripts_(std::move(scripts)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(listener_, 16);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~ScriptedServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    {
      MutexLock lock(mutex_);
      for (const int each : open_) ::shutdown(each, SHUT_RDWR);
    }
    thread_.join();
    ::close(listener_);
    for (const int each : kept_) ::close(each);
  }

  uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::vector<std::string> requests() const {
    MutexLock lock(mutex_);
    return requests_;
  }
  int connections() const { return connections_; }

 private:
  void Serve() {
    for (size_t i = 0; !stopping_; ++i) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      ++connections_;
      {
        MutexLock lock(mutex_);
        open_.push_back(fd);
      }
      const bool keep = i < scripts_.size() && Play(fd, scripts_[i]);
      MutexLock lock(mutex_);
      std::erase(open_, fd);
      if (keep) {
        kept_.push_back(fd);
      } else {
        ::close(fd);
      }
    }
  }

  // True: the connection is to stay open.
  bool Play(int fd, const Script& script) {
    std::string unread;
    for (const Answer& each : script) {
      if (!ReadRequest(fd, unread)) return false;
      std::this_thread::sleep_for(each.pause);
      if (!Send(fd, each.bytes)) return false;
      if (!each.later.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(30));
      if (!Send(fd, each.later)) return false;
      if (each.reset) {
        const linger now{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        return false;
      }
      if (each.stay_open) return true;
    }
    return false;
  }

  static bool Send(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  bool ReadRequest(int fd, std::string& unread) {
    for (;;) {
      if (const size_t end = unread.find("\r\n\r\n"); end != std::string::npos) {
        const size_t whole = end + 4 + LengthOf(unread.substr(0, end));
        if (unread.size() >= whole) {
          MutexLock lock(mutex_);
          requests_.push_back(unread.substr(0, whole));
          unread.erase(0, whole);
          return true;
        }
      }
      char space[16 * 1024];
      const ssize_t got = ::recv(fd, space, sizeof(space), 0);
      if (got <= 0) return false;
      unread.append(space, static_cast<size_t>(got));
    }
  }
  static size_t LengthOf(const std::string& head) {
    const size_t at = head.find("content-length: ");
    size_t length = 0;
    if (at != std::string::npos) {
      std::from_chars(head.data() + at + 16, head.data() + head.size(), length);
    }
    return length;
  }

  const std::vector<Script> scripts_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<bool> stopping_{false};
  mutable Mutex mutex_;
  std::vector<std::string> requests_ ABSL_GUARDED_BY(mutex_);
  std::vector<int> open_ ABSL_GUARDED_BY(mutex_);
  std::vector<int> kept_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace weir::edge::testing
