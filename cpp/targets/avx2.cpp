// The kernels for the avx2 build.
#define JQFAST_TARGET avx2
#include "all.inl.hpp"

// The one symbol this library exports.
extern "C" __attribute__((visibility("default"))) const jqfast::KernelTable* jqfast_kernels() {
  static const jqfast::KernelTable table = jqfast::avx2::make_table("avx2");
  return &table;
}
