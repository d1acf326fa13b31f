#include "sink.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#if defined(__unix__)
#include <unistd.h>
#endif

namespace jqfast {
namespace {

// Bytes of the last cache level that a run may expect to have: it is shared with other programs, and a virtual machine
// of two processors is told the size of the whole socket's.
std::size_t last_cache() noexcept {
  constexpr std::size_t kShare = std::size_t{32} << 20;
#if defined(_SC_LEVEL3_CACHE_SIZE)
  const long size = sysconf(_SC_LEVEL3_CACHE_SIZE);
  if (size > 0) return std::min(static_cast<std::size_t>(size), kShare);
#endif
  return kShare;
}

}  // namespace

Sink::Sink(const Output& out, const KernelTable& kernels, std::size_t features)
    : out_(out), kernels_(kernels), features_(features) {
  const std::size_t cell = out.f32 != nullptr ? sizeof(float) : sizeof(double);
  stream_ = out.layout == Layout::feature && features * out.sessions * out.stocks * cell > last_cache();
}

void Sink::put(const double* from, std::size_t at, std::size_t count) const {
  if (out_.f32 != nullptr) {
    (stream_ ? kernels_.stream_f32 : kernels_.store_f32)(from, out_.f32 + at, count);
  } else {
    (stream_ ? kernels_.stream_f64 : kernels_.store_f64)(from, out_.f64 + at, count);
  }
}

bool Sink::place(Op op, std::uint32_t output, std::size_t session, CrossArgs& a) const {
  if (out_.layout != Layout::feature) return false;
  const std::size_t at = (output * out_.sessions + session) * out_.pitch;
  if (stream_) {
    if (!kernels_.writes_far[static_cast<std::size_t>(op)]) return false;
    if (out_.f32 != nullptr) {
      a.far_f32 = out_.f32 + at;
    } else {
      a.far_f64 = out_.f64 + at;
    }
    return true;
  }
  if (out_.f64 != nullptr) a.out = out_.f64 + at;
  return out_.f64 != nullptr;
}

bool Sink::direct(std::size_t width) const {
  constexpr std::size_t kLine = 64, kCells = kLine / sizeof(float);
  const bool whole_lines = out_.pitch % kCells == 0 && width % kCells == 0;
  return stream_ && out_.f32 != nullptr && whole_lines && reinterpret_cast<std::uintptr_t>(out_.f32) % kLine == 0;
}

void Sink::samples(const double* staging, std::size_t distance, std::span<const std::uint32_t> outputs,
                   std::size_t sample, std::size_t count) const {
  constexpr std::size_t kRun = 16;
  double cell[kRun];
  for (std::size_t n = 0; n < count; ++n) {
    for (std::size_t first = 0; first < outputs.size();) {
      // Runs of consecutive output numbers are written as one.
      std::size_t length = 0;
      while (length < kRun && first + length < outputs.size() && outputs[first + length] == outputs[first] + length) {
        cell[length] = staging[(first + length) * distance + n];
        ++length;
      }
      put(cell, (sample + n) * features_ + outputs[first], length);
      first += length;
    }
  }
}

void Sink::blank(std::size_t session) const {
  const std::vector<double> missing(std::max(out_.stocks, features_), std::numeric_limits<double>::quiet_NaN());
  if (out_.layout == Layout::feature) {
    for (std::uint32_t f = 0; f < features_; ++f) row(missing.data(), f, session, 0, out_.stocks);
  } else {
    for (std::size_t n = 0; n < out_.stocks; ++n) {
      put(missing.data(), (session * out_.stocks + n) * features_, features_);
    }
  }
}

}  // namespace jqfast
