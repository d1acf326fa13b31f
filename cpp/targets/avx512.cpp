// The kernels for the avx512 build.
#define JQFAST_TARGET avx512
#include "all.inl.hpp"

// The one symbol this library exports.
extern "C" __attribute__((visibility("default"))) const jqfast::KernelTable* jqfast_kernels() {
  static const jqfast::KernelTable table = jqfast::avx512::make_table("avx512");
  return &table;
}
