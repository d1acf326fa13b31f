// The errors of the library beyond std::invalid_argument, std::out_of_range and std::bad_alloc.
#pragma once

#include <stdexcept>
#include <string>

namespace jqfast {

// Something the caller cannot mend by passing other values (a kernel library that does not load, say).
class Error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A plan breaks a rule of the executor; the message names the line and the rule.
class PlanError : public std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

// A saved state is cut, damaged, of another plan or version, or lost.
class StateError : public std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

// The caller asked a run to stop (Ctrl-C).
class Cancelled : public std::runtime_error {
 public:
  Cancelled() : std::runtime_error("The run was cancelled.") {}
};

}  // namespace jqfast
