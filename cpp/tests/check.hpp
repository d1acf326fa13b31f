// The whole test framework: a counter of checks and a list of what failed.
#pragma once

#include <cstdio>
#include <exception>
#include <string>

namespace jqfast::test {

inline int& checks() {
  static int count = 0;
  return count;
}

inline int& failures() {
  static int count = 0;
  return count;
}

inline void check(bool holds, const std::string& message) {
  ++checks();
  if (holds) return;
  ++failures();
  std::fprintf(stderr, "FAILED: %s\n", message.c_str());
}

// True when `call` throws an exception of type `Error` whose text contains `fragment`.
template <class Error, class Call>
bool throws(Call call, const std::string& fragment = "") {
  try {
    call();
  } catch (const Error& error) {
    return std::string(error.what()).find(fragment) != std::string::npos;
  }
  return false;
}

// The exit code of a test program; no checks at all is a failure too.
inline int report(const char* name) {
  std::printf("%s: %d checks, %d failed\n", name, checks(), failures());
  return failures() == 0 && checks() > 0 ? 0 : 1;
}

}  // namespace jqfast::test
