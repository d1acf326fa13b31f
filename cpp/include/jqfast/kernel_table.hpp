// The table of C functions through which the executor calls kernels. One table per instruction set; the executor
// never sees a vector type, a kernel never sees a plan.
#pragma once

#include <cstddef>
#include <cstdint>

#include "jqfast/opcodes.hpp"

namespace jqfast {

inline constexpr std::uint32_t kKernelAbi = 6;

// Lanes are stocks and come in groups of this many, whatever the vector width, so that carried state has one
// layout on every instruction set.
inline constexpr std::size_t kGroup = 8;

// No instruction defines more values than this.
inline constexpr std::size_t kMostOutputs = 10;

// The rows of one value, kept as a ring so that rows before the current chunk stay reachable. A literal is a ring
// of a single row.
struct Ring {
  double* base = nullptr;
  std::uint32_t rows = 1;
};

// A ring read `lag` sessions late.
struct Operand {
  Ring ring;
  std::uint32_t lag = 0;
};

// Rows of the panel that an operand will be filled with when this call's are done, `stride` doubles apart: kernels call
// them into the cache while they work. Null where nothing is known.
struct Coming {
  const double* rows = nullptr;
  std::size_t stride = 0;
};

// One instruction over one tile: rows [row0, row0 + rows) of `width` lanes.
struct TimeArgs {
  const Operand* in = nullptr;
  Coming coming[2];  // of in[0] and in[1]
  const Ring* out = nullptr;
  const std::uint8_t* give = nullptr;  // which statistic each output is
  std::size_t outputs = 1;
  double* state = nullptr;  // carried from chunk to chunk, zero before the first row
  std::uint64_t row0 = 0;
  std::uint32_t rows = 0;
  std::uint32_t width = 0;  // lanes, a multiple of kGroup
  std::uint32_t pitch = 0;  // doubles from one row of a ring to the next
  std::uint32_t window = 0;
  std::uint32_t offset = 0;  // where in a block of `window` sessions the first session stands
  std::uint32_t min_periods = 0;
  double alpha = 0.0;
  const double* numbers = nullptr;  // the list of `at=`
  // Of an elementwise instruction whose result is also an output: where each row of it goes past the cache, rounded,
  // `direct_lanes` of it (whole cache lines); or null. `far` likewise for a later stage, as it is.
  float* const* direct = nullptr;
  double* const* far = nullptr;
  std::uint32_t direct_lanes = 0;
};

using TimeKernel = void (*)(const TimeArgs&);

// Doubles of carried state per lane for an instruction.
using StateSize = std::size_t (*)(Op op, const std::uint8_t* give, std::size_t outputs, std::uint32_t window);

inline constexpr std::size_t kMostExposures = 8;

// One date over all stocks. `in` and `out` may not overlap. Results are as they are stored: finite or the canonical
// NaN, and never -0.
struct CrossArgs {
  const double* const* in = nullptr;
  std::size_t inputs = 1;
  const double* groups = nullptr;  // each stock's group, or null for all in one
  void* layout = nullptr;          // group_scratch(n) bytes: what is known of the groups from the date before, or zeros
  double* out = nullptr;
  // Instead of `out`, for kernels that can (see the table): the output's own row, rounded and past the cache.
  float* far_f32 = nullptr;
  double* far_f64 = nullptr;
  std::size_t n = 0;
  const double* next[2] = {};    // rows of n values to call into the cache meanwhile: of in[0] and groups, or null
  void* scratch = nullptr;       // cross_scratch(n) bytes
  double low = 0.0, high = 1.0;  // of cs_winsorize
  std::uint32_t count = 0;       // of cs_bucket
};

using CrossKernel = void (*)(const CrossArgs&);

// Series n at row t: data[t * row + n * column]; missing where not finite. Steps are in values and may be negative.
struct SeriesView {
  const double* data = nullptr;
  std::ptrdiff_t row = 0, column = 0;
};

// Groups of series that are read together for least squares.
inline constexpr std::size_t kBatchGroups = 4;

// Series side by side, a lane each: NaN where a value is missing or its row does not count.
struct LeastSquaresBatch {
  SeriesView series;
  std::size_t lanes = 0, rows = 0;  // series, at most kBatchGroups * kGroup; T
  const bool* counts = nullptr;     // (T,) which rows do
  double* y = nullptr;              // (kBatchGroups, T, lane), groups `pitch` doubles apart
  std::size_t pitch = 0;
  double* n = nullptr;  // (kBatchGroups * kGroup,) values that count
};

// Least squares of the series of a group on the same regressors. Arrays with a lane per series have lanes innermost.
struct LeastSquaresArgs {
  std::size_t rows = 0, columns = 0, known = 0;  // T, K, rows that count
  const double* q = nullptr;                     // (T, K), 0 in rows that do not count
  const double* whole = nullptr;                 // upper half of the sum of q q'
  const double* back = nullptr;                  // (K, K)
  const std::int64_t* lags = nullptr;            // (T + 1,) by the number of values, or null for classical errors
  bool small_sample = false;
  // (T, lane), becomes the residuals. Around it and q are zeros, as many rows as the longest window has.
  double* y = nullptr;
  const double* n = nullptr;                              // (lane,)
  double *coefficients = nullptr, *covariance = nullptr;  // (K, lane), (K, K, lane)
  double *rss = nullptr, *tss = nullptr;                  // (lane,)
};

using LeastSquaresKernel = void (*)(const LeastSquaresArgs&);
using ReadSeries = void (*)(const LeastSquaresBatch&);

struct LrpKernels;

struct KernelTable {
  std::uint32_t abi = kKernelAbi;
  const char* isa = "";
  TimeKernel time[kOpCount] = {};
  CrossKernel cross[kOpCount] = {};
  bool writes_far[kOpCount] = {};  // cross-sections that take `far_f32` and `far_f64`
  StateSize state_size = nullptr;
  std::size_t (*cross_scratch)(std::size_t n) = nullptr;
  std::size_t (*group_scratch)(std::size_t n) = nullptr;
  // Final rounding on store: NaN and Inf become the canonical NaN, -0 becomes +0.
  void (*store_f32)(const double* in, float* out, std::size_t n) = nullptr;
  void (*store_f64)(const double* in, double* out, std::size_t n) = nullptr;
  // The same past the cache, for outputs too large to stay in it.
  void (*stream_f32)(const double* in, float* out, std::size_t n) = nullptr;
  void (*stream_f64)(const double* in, double* out, std::size_t n) = nullptr;
  void (*stream_copy)(const double* in, double* out, std::size_t n) = nullptr;  // as it is
  void (*store_fence)() = nullptr;  // makes earlier stores visible to other threads
  ReadSeries read_series = nullptr;
  LeastSquaresKernel least_squares = nullptr;
  const LrpKernels* lrp = nullptr;
};

// The build for plain x86-64 (or any other processor), linked into the library itself.
[[nodiscard]] const KernelTable& baseline_kernels() noexcept;

}  // namespace jqfast
