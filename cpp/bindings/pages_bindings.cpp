// Arrays on kept pages.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "bindings.hpp"
#include "jqfast/pages.hpp"

namespace py = pybind11;

namespace jqfast {
namespace {

// What an array holds on to; gives the memory back when the last view of it is gone.
class Held {
 public:
  explicit Held(std::size_t bytes) : bytes_(bytes), at_(take_pages(bytes)) {}
  ~Held() { give_pages(at_, bytes_); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  [[nodiscard]] void* at() const noexcept { return at_; }

 private:
  std::size_t bytes_;
  void* at_;
};

py::array_t<std::uint8_t> pages(std::size_t bytes) {
  auto held = std::make_unique<Held>(bytes);
  auto* at = static_cast<std::uint8_t*>(held->at());
  const py::capsule owner(held.get(), [](void* p) { delete static_cast<Held*>(p); });
  held.release();  // NOLINT(bugprone-unused-return-value): the capsule's from here on
  return py::array_t<std::uint8_t>(static_cast<py::ssize_t>(bytes), at, owner);
}

std::pair<std::size_t, std::size_t> kept() {
  const KeptPages now = kept_pages();
  return {now.blocks, now.bytes};
}

}  // namespace

void bind_pages(py::module_& m) {
  m.def("pages", &pages, py::arg("bytes"), "An array of so many bytes, its content undefined, on a page boundary.");
  m.def("keep_pages", &keep_pages, py::arg("limit"),
        "Gives kept memory back to the system and keeps at most `limit` bytes of freed arrays from now on.");
  m.def("kept_pages", &kept, "Blocks and bytes kept for the arrays to come.");
}

}  // namespace jqfast
