// Arrays of Python as spans: as they are, never a copy.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <span>
#include <string>

namespace jqfast {

template <class T>
void require_dtype(const pybind11::array& array, const std::string& name, pybind11::ssize_t dimensions) {
  if (!pybind11::isinstance<pybind11::array_t<T>>(array)) {
    throw pybind11::type_error("`" + name + "` must have dtype " +
                               std::string(pybind11::str(pybind11::dtype::of<T>())) + "; got " +
                               std::string(pybind11::str(array.dtype())) + ".");
  }
  if (array.ndim() != dimensions) {
    throw pybind11::value_error("`" + name + "` must have " + std::to_string(dimensions) + " axes; got " +
                                std::to_string(array.ndim()) + ".");
  }
}

// Throws where dtype, number of axes or C order do not fit.
template <class T>
std::span<const T> view(const pybind11::array& array, const std::string& name, pybind11::ssize_t dimensions) {
  require_dtype<T>(array, name, dimensions);
  if ((array.flags() & pybind11::array::c_style) == 0) {
    throw pybind11::value_error("`" + name + "` must be C-contiguous.");
  }
  return {static_cast<const T*>(array.data()), static_cast<std::size_t>(array.size())};
}

template <class T>
std::span<T> view_output(pybind11::array& array, const std::string& name, pybind11::ssize_t dimensions) {
  const std::size_t size = view<T>(array, name, dimensions).size();
  return {static_cast<T*>(array.mutable_data()), size};  // mutable_data refuses read-only arrays
}

}  // namespace jqfast
