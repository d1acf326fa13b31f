// Build facts, the choice of kernels at import, and the translation of C++ errors.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "bindings.hpp"
#include "jqfast/error.hpp"
#include "jqfast/isa.hpp"
#include "jqfast/thread_pool.hpp"

#if defined(__linux__)
#include <dlfcn.h>
#endif

namespace py = pybind11;

namespace jqfast {
namespace {

// The kernel libraries lie beside this module, wherever it was installed.
std::string own_folder() {
#if defined(__linux__)
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&own_folder), &info) != 0 && info.dli_fname != nullptr) {
    return std::filesystem::path(info.dli_fname).parent_path().string();
  }
#endif
  return ".";
}

py::dict build_info() {
  py::dict info;
  info["version"] = JQFAST_VERSION;
  info["isa"] = chosen_kernels().isa;
  info["supported_isas"] = supported_isas();
  info["threads"] = usable_processors();
  info["compiler"] = JQFAST_COMPILER;
#if defined(NDEBUG)
  info["assertions"] = false;
#else
  info["assertions"] = true;
#endif
  return info;
}

}  // namespace

const KernelTable& chosen_kernels() {
  static const KernelTable& kernels = [&]() -> const KernelTable& {
    const char* wish = std::getenv("JQFAST_ISA");
    return load_kernels(own_folder(), wish == nullptr ? "" : wish);
  }();
  return kernels;
}

// PlanError is the class of jqfast.errors, so that Python code catches one type wherever a plan is refused.
void bind_errors(py::module_&) {
  // NOLINTNEXTLINE(performance-unnecessary-value-param): pybind11 prescribes the signature
  py::register_exception_translator([](std::exception_ptr p) {
    try {
      if (p) std::rethrow_exception(p);
    } catch (const PlanError& e) {
      const py::object type = py::module_::import("jqfast.errors").attr("PlanError");
      PyErr_SetString(type.ptr(), e.what());
    } catch (const Error& e) {
      PyErr_SetString(PyExc_RuntimeError, e.what());
    }
  });
}

void bind_build(py::module_& m) {
  chosen_kernels();  // a wrong JQFAST_ISA is an error at import, not in the middle of a run
  m.def("build_info", &build_info,
        "Version, compiler, chosen and supported instruction sets, and the default number of threads.");
}

}  // namespace jqfast
