// Sessions: plans that go on where they stopped.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "jqfast/session.hpp"

namespace py = pybind11;

namespace jqfast {
namespace {

void require_bytes(const py::array& array, const char* name) {
  const bool fits = py::isinstance<py::array_t<std::uint8_t>>(array) && array.ndim() == 1 &&
                    (array.flags() & py::array::c_style) != 0;
  if (!fits) throw py::value_error("`" + std::string(name) + "` must be one run of bytes.");
}

std::size_t size_of(const py::array& array) { return static_cast<std::size_t>(array.size()); }

// A session that Python threads may share. The lock is taken without the GIL, which a run needs to look for signals.
class SharedSession {
 public:
  SharedSession(const Executor& executor, Session session) : executor_(executor), session_(std::move(session)) {}

  py::dict feed(const std::vector<py::array>& inputs, const py::array& rows, py::array out, const std::string& layout,
                std::size_t threads, std::size_t chunk, std::size_t width) {
    const RunArguments arguments = view_arguments(executor_.plan(), inputs, rows, out, layout);
    RunStats stats;
    // Safe without the GIL: the arrays are held by this frame and no Python runs but through SignalPoll.
    locked([&](Session& s) {
      stats = s.feed(arguments.inputs, arguments.rows, arguments.out, {threads, chunk, width, SignalPoll{}});
    });
    return as_dict(stats);
  }

  void save(py::array to) {
    require_bytes(to, "to");
    const std::span<std::uint8_t> bytes(static_cast<std::uint8_t*>(to.mutable_data()), size_of(to));
    // Safe without the GIL: `to` is held by this frame.
    locked([&](Session& s) { s.save(std::as_writable_bytes(bytes)); });
  }

  template <class Work>
  void locked(Work work) {
    const py::gil_scoped_release release;
    const std::lock_guard lock(mutex_);
    work(session_);
  }

  // A fact of the session, read under the lock.
  template <class Read>
  auto fact(Read read) {
    decltype(read(session_)) value{};
    locked([&](Session& s) { value = read(s); });
    return value;
  }

 private:
  const Executor& executor_;
  std::mutex mutex_;
  Session session_;
};

std::unique_ptr<SharedSession> load(const Executor& executor, const py::array& saved) {
  require_bytes(saved, "saved");
  const std::span<const std::uint8_t> bytes(static_cast<const std::uint8_t*>(saved.data()), size_of(saved));
  // Safe without the GIL: `saved` is held by the caller.
  const py::gil_scoped_release release;
  return std::make_unique<SharedSession>(executor, Session::load(executor, std::as_bytes(bytes)));
}

}  // namespace

void bind_session(py::module_& m) {
  using S = SharedSession;
  py::class_<S>(m, "Session", "A plan that goes on where it stopped; calls from several threads wait for each other.")
      .def(py::init([](const Executor& executor, std::size_t stocks) {
             return std::make_unique<S>(executor, Session(executor, stocks));
           }),
           py::arg("plan"), py::arg("stocks"), py::keep_alive<1, 2>())
      .def_property_readonly("stocks", [](S& s) { return s.fact([](Session& x) { return x.stocks(); }); })
      .def_property_readonly(
          "rows", [](S& s) { return s.fact([](Session& x) { return x.rows(); }); }, "Sessions fed so far.")
      .def_property_readonly("state_bytes", [](S& s) { return s.fact([](Session& x) { return x.state_bytes(); }); })
      .def_property_readonly("saved_size", [](S& s) { return s.fact([](Session& x) { return x.saved_size(); }); })
      .def("feed", &S::feed, py::arg("inputs"), py::arg("rows"), py::arg("out"), py::arg("layout"), py::arg("threads"),
           py::kw_only(), py::arg("chunk") = 0, py::arg("width") = 0,
           "Continue with the rows of these inputs, new stocks last; bits as of one run over all rows so far.")
      .def("save", &S::save, py::arg("to"), "Write the state into `saved_size` bytes.")
      .def_static("load", &load, py::arg("plan"), py::arg("saved"), py::keep_alive<0, 1>(),
                  "The session that `save` wrote; ValueError where the bytes are damaged or of another plan.");
}

}  // namespace jqfast
