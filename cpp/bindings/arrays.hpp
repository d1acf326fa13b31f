// The arguments of a run as NumPy arrays: checked and viewed, never copied.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "jqfast/executor.hpp"

namespace jqfast {

// Calls the interpreter's signal handlers twenty times a second, so that Ctrl-C ends a run.
class SignalPoll {
 public:
  void operator()();

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// Views of arrays that the caller keeps alive.
struct RunArguments {
  std::vector<PanelView<const double>> inputs;
  std::span<const std::int64_t> rows;
  Output out;
};

[[nodiscard]] RunArguments view_arguments(const Plan& plan, const std::vector<pybind11::array>& inputs,
                                          const pybind11::array& rows, pybind11::array& out, const std::string& layout);

[[nodiscard]] pybind11::dict as_dict(const RunStats& stats);

}  // namespace jqfast
