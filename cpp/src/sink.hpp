// Where results go: the caller's array in either layout, rounded once. Private to the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "jqfast/executor.hpp"
#include "jqfast/kernel_table.hpp"

namespace jqfast {

class Sink {
 public:
  Sink(const Output& out, const KernelTable& kernels, std::size_t features);

  // Feature layout: `count` stocks from `first` of one output and session.
  void row(const double* from, std::uint32_t output, std::size_t session, std::size_t first, std::size_t count) const {
    put(from, (output * out_.sessions + session) * out_.pitch + first, count);
  }

  // Points a cross-section at that row itself, where its result may be written at once; says whether it may.
  bool place(Op op, std::uint32_t output, std::size_t session, CrossArgs& a) const;

  // Whether results of tiles of `width` stocks may be streamed in whole cache lines by the kernel that makes them.
  [[nodiscard]] bool direct(std::size_t width) const;
  [[nodiscard]] float* direct_row(std::uint32_t output, std::size_t session, std::size_t first) const {
    return out_.f32 + (output * out_.sessions + session) * out_.pitch + first;
  }

  // Sample layout: staged rows, `distance` apart, one for each of `outputs`, become the samples from `sample` on.
  void samples(const double* staging, std::size_t distance, std::span<const std::uint32_t> outputs, std::size_t sample,
               std::size_t count) const;

  // A session without any value.
  void blank(std::size_t session) const;

 private:
  void put(const double* from, std::size_t at, std::size_t count) const;

  const Output& out_;
  const KernelTable& kernels_;
  std::size_t features_;
  bool stream_;  // the output is too large to stay in the cache
};

}  // namespace jqfast
