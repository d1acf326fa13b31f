// Python's door to least squares: check and view, borrow the outputs, release the GIL, run.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "arrays.hpp"
#include "bindings.hpp"
#include "jqfast/least_squares.hpp"
#include "views.hpp"

namespace py = pybind11;

namespace jqfast {
namespace {

// Series in any order in memory: a frame holds them one after another, a panel side by side.
SeriesView view_series(const py::array& y) {
  require_dtype<double>(y, "y", 2);
  constexpr auto kItem = static_cast<py::ssize_t>(sizeof(double));
  if (y.strides(0) % kItem != 0 || y.strides(1) % kItem != 0) throw py::value_error("`y` must be aligned.");
  return {static_cast<const double*>(y.data()), y.strides(0) / kItem, y.strides(1) / kItem};
}

void run_least_squares(const py::array& y, const py::array& q, const py::array& known, const py::array& back,
                       const std::optional<py::array>& lags, bool small_sample, py::array coefficients,
                       py::array covariance, py::array n, py::array rss, py::array tss, std::size_t threads) {
  LeastSquaresTask task;
  task.y = view_series(y);
  task.rows = static_cast<std::size_t>(y.shape(0));
  task.series = static_cast<std::size_t>(y.shape(1));
  task.q = view<double>(q, "q", 2);
  task.columns = static_cast<std::size_t>(q.shape(1));
  task.known = view<bool>(known, "known", 1);
  task.back = view<double>(back, "back", 2);
  if (lags) task.lags = view<std::int64_t>(*lags, "lags", 1);
  task.small_sample = small_sample;
  task.coefficients = view_output<double>(coefficients, "coefficients", 2);
  task.covariance = view_output<double>(covariance, "covariance", 3);
  task.n = view_output<std::int64_t>(n, "n", 1);
  task.rss = view_output<double>(rss, "rss", 1);
  task.tss = view_output<double>(tss, "tss", 1);
  task.threads = threads;
  const KernelTable& kernels = chosen_kernels();
  // Safe without the GIL: `task` holds plain pointers into arrays that the arguments keep alive, and the only Python
  // below is the poll, which takes it again.
  const py::gil_scoped_release unlocked;
  least_squares(task, kernels, SignalPoll());
}

}  // namespace

void bind_least_squares(py::module_& m) {
  m.def("least_squares", &run_least_squares, py::arg("y"), py::arg("q"), py::arg("known"), py::arg("back"),
        py::arg("lags"), py::kw_only(), py::arg("small_sample"), py::arg("coefficients"), py::arg("covariance"),
        py::arg("n"), py::arg("rss"), py::arg("tss"), py::arg("threads") = 1,
        "Regress every column of `y` on `q`; see jqfast.factors._ols.");
}

}  // namespace jqfast
