#include <unistd.h>

#include <iostream>

#include "apps/weirctl/command.h"

int main(int argc, char** argv) {
  const weir::config::Environment environment = weir::config::ToEnvironment(environ);
  const weir::SystemClock clock;
  return weir::weirctl::Run({argv + 1, argv + argc}, {.environment = environment,
                                                      .in = std::cin,
                                                      .out = std::cout,
                                                      .err = std::cerr,
                                                      .clock = clock});
}
