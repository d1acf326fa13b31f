// The instruction set of plans: one enumerator, one row of facts each, and nothing else knows the names.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace jqfast {

// clang-format off
enum class Op : std::uint8_t {
  input,
  add, sub, mul, div, neg, abs, sqrt, log, exp, sign, tanh, power,
  minimum, maximum, fmin, fmax,
  lt, le, gt, ge, eq, ne, logical_and, logical_or, logical_not,
  where, isnan, fill, clip,
  lag, moments, extrema, ema, pairs, trend, streak, last_valid,
  product, rolling_rank, quantiles, mad, ewm_var, expanding, since, periods,
  cs_rank, cs_centred_rank, cs_zscore, cs_demean, cs_mean, cs_std,
  cs_rank_min, cs_rank_dense, cs_rank_first, cs_bucket, cs_normal, cs_winsorize, cs_scale, cs_neutralize,
  count_
};
// clang-format on

inline constexpr std::size_t kOpCount = static_cast<std::size_t>(Op::count_);

// Where an instruction may stand and how it reads its arguments.
enum class Axis : std::uint8_t { source, elementwise, time, cross };

// The parameters an instruction takes, as bits.
enum Param : std::uint16_t {
  kWindow = 1,
  kMinPeriods = 2,
  kAlpha = 4,
  kLimit = 8,
  kGive = 16,
  kAt = 32,  // a list of quantiles, one value each
  kLow = 64,
  kHigh = 128,
  kCount = 256,
};

// The statistics that `give=` of a multi-valued instruction may list, in their numeric order.
inline constexpr std::array<std::string_view, 8> kMomentNames{"sum",  "mean", "var",   "std",
                                                              "skew", "kurt", "count", "zscore"};
inline constexpr std::array<std::string_view, 5> kExtremaNames{"min", "max", "range", "argmin", "argmax"};
inline constexpr std::array<std::string_view, 7> kPairNames{"cov",   "corr",    "beta", "intercept",
                                                            "resid", "rsquare", "wmean"};
inline constexpr std::array<std::string_view, 5> kTrendNames{"slope", "intercept", "resid", "rsquare", "decay"};
inline constexpr std::array<std::string_view, 10> kExpandingNames{"sum",  "mean",  "var", "std", "skew",
                                                                  "kurt", "count", "min", "max", "product"};

inline constexpr std::array<std::string_view, 6> kPeriodNames{"sum", "mean", "std", "zscore", "oldest", "streak"};

enum class Moment : std::uint8_t { sum, mean, var, std, skew, kurt, count, zscore };
enum class Extreme : std::uint8_t { min, max, range, argmin, argmax };
enum class PairStat : std::uint8_t { cov, corr, beta, intercept, resid, rsquare, wmean };
enum class TrendStat : std::uint8_t { slope, intercept, resid, rsquare, decay };
enum class Expanding : std::uint8_t { sum, mean, var, std, skew, kurt, count, min, max, product };
enum class PeriodStat : std::uint8_t { sum, mean, std, zscore, oldest, streak };

struct OpFacts {
  std::string_view name;
  Axis axis;
  std::uint8_t args;      // number of arguments
  std::uint8_t literals;  // the last so many arguments must be literals
  std::uint16_t params;   // bits of Param, all of them required
  std::span<const std::string_view> give = {};
  std::uint8_t most = 0;  // the largest number of arguments, where it may exceed `args`
};

[[nodiscard]] const OpFacts& facts(Op op) noexcept;
[[nodiscard]] std::optional<Op> find_op(std::string_view name) noexcept;

}  // namespace jqfast
