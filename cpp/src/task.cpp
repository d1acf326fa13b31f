// What a run is asked to do, checked against the plan before anything is touched.
#include <stdexcept>
#include <string>

#include "run.hpp"

namespace jqfast {

void check_task(const Plan& plan, std::span<const PanelView<const double>> inputs, std::span<const std::int64_t> rows,
                const Output& out, const RunOptions& options) {
  if (inputs.size() != plan.inputs.size()) throw std::invalid_argument("The plan needs another number of inputs.");
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::size_t cols = plan.inputs[i].axis == InputAxis::market ? 1 : out.stocks;
    if (inputs[i].rows != out.sessions || inputs[i].cols != cols ||
        (inputs[i].row_stride < cols && plan.inputs[i].axis != InputAxis::code)) {
      throw std::invalid_argument("Input `" + plan.inputs[i].name + "` has another shape than the output.");
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool in_range = rows[i] >= 0 && static_cast<std::size_t>(rows[i]) < out.sessions;
    if (!in_range || (i > 0 && rows[i] <= rows[i - 1])) {
      throw std::invalid_argument("`rows` must be ascending session numbers of the panel.");
    }
  }
  if (options.threads < 1 || options.threads > 1024) {
    throw std::invalid_argument("`threads` must be from 1 to 1024; got " + std::to_string(options.threads) + ".");
  }
  if (out.pitch < out.stocks)
    throw std::invalid_argument("The rows of the output are shorter than the number of stocks.");
  if (options.width % kGroup != 0) throw std::invalid_argument("`width` must be a multiple of 8.");
}

}  // namespace jqfast
