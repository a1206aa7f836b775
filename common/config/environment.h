#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/faults.h"

namespace weir::config {

// A process environment. Only a main reads the real one.
using Environment = std::map<std::string, std::string, std::less<>>;

// From main's `environ`: null-terminated "NAME=value" strings.
Environment ToEnvironment(const char* const* environ);

// The WEIR_* variables, each of which overrides one key: listeners[0].address is
// WEIR_LISTENERS_0_ADDRESS. Since keys hold underscores too, a name says its key only to those who
// know the keys: a reader asks for each key that it knows, and what nobody asked for is a fault.
class Overrides {
 public:
  // `ignored` are WEIR_* names with another purpose. `environment` outlives this.
  Overrides(const Environment& environment, std::set<std::string, std::less<>> ignored);

  static std::string NameOf(std::string_view path);

  // The text that overrides the key at `path`, which is known from now on; null: not overridden.
  const std::string* Find(std::string_view path);
  // Any variable of the environment, for a reference from the configuration; it needs no other use
  // then.
  const std::string* Refer(const std::string& name);

  // Adds a fault for each override that matched no key, and for each that matched two.
  void AddFaults(Faults& faults) const;

 private:
  bool IsOverride(std::string_view name) const;

  const Environment& environment_;
  const std::set<std::string, std::less<>> ignored_;
  std::map<std::string, std::string, std::less<>> known_;  // Name to path.
  std::map<std::string, std::string> ambiguous_;           // Name to fault.
  std::set<std::string, std::less<>> used_;
};

}  // namespace weir::config
