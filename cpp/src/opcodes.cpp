#include "jqfast/opcodes.hpp"

#include "jqfast/kernel_table.hpp"

namespace jqfast {
namespace {

constexpr std::array<OpFacts, kOpCount> kFacts{{
    {"input", Axis::source, 1, 0, 0, {}},
    {"add", Axis::elementwise, 2, 0, 0, {}},
    {"sub", Axis::elementwise, 2, 0, 0, {}},
    {"mul", Axis::elementwise, 2, 0, 0, {}},
    {"div", Axis::elementwise, 2, 0, 0, {}},
    {"neg", Axis::elementwise, 1, 0, 0, {}},
    {"abs", Axis::elementwise, 1, 0, 0, {}},
    {"sqrt", Axis::elementwise, 1, 0, 0, {}},
    {"log", Axis::elementwise, 1, 0, 0, {}},
    {"exp", Axis::elementwise, 1, 0, 0, {}},
    {"sign", Axis::elementwise, 1, 0, 0, {}},
    {"tanh", Axis::elementwise, 1, 0, 0, {}},
    {"power", Axis::elementwise, 2, 1, 0, {}},
    {"minimum", Axis::elementwise, 2, 0, 0, {}},
    {"maximum", Axis::elementwise, 2, 0, 0, {}},
    {"fmin", Axis::elementwise, 2, 0, 0, {}},
    {"fmax", Axis::elementwise, 2, 0, 0, {}},
    {"lt", Axis::elementwise, 2, 0, 0, {}},
    {"le", Axis::elementwise, 2, 0, 0, {}},
    {"gt", Axis::elementwise, 2, 0, 0, {}},
    {"ge", Axis::elementwise, 2, 0, 0, {}},
    {"eq", Axis::elementwise, 2, 0, 0, {}},
    {"ne", Axis::elementwise, 2, 0, 0, {}},
    {"and", Axis::elementwise, 2, 0, 0, {}},
    {"or", Axis::elementwise, 2, 0, 0, {}},
    {"not", Axis::elementwise, 1, 0, 0, {}},
    {"where", Axis::elementwise, 3, 0, 0, {}},
    {"isnan", Axis::elementwise, 1, 0, 0, {}},
    {"fill", Axis::elementwise, 2, 1, 0, {}},
    {"clip", Axis::elementwise, 3, 2, 0, {}},
    {"lag", Axis::time, 1, 0, kWindow, {}},
    {"moments", Axis::time, 1, 0, kWindow | kMinPeriods | kGive, kMomentNames},
    {"extrema", Axis::time, 1, 0, kWindow | kMinPeriods | kGive, kExtremaNames},
    {"ema", Axis::time, 1, 0, kAlpha | kMinPeriods, {}},
    {"pairs", Axis::time, 2, 0, kWindow | kMinPeriods | kGive, kPairNames},
    {"trend", Axis::time, 1, 0, kWindow | kMinPeriods | kGive, kTrendNames},
    {"streak", Axis::time, 1, 0, 0, {}},
    {"last_valid", Axis::time, 1, 0, kLimit, {}},
    {"product", Axis::time, 1, 0, kWindow | kMinPeriods, {}},
    {"rolling_rank", Axis::time, 1, 0, kWindow | kMinPeriods, {}},
    {"quantiles", Axis::time, 1, 0, kWindow | kMinPeriods | kAt, {}},
    {"mad", Axis::time, 1, 0, kWindow | kMinPeriods, {}},
    {"ewm_var", Axis::time, 1, 0, kAlpha | kMinPeriods, {}},
    {"expanding", Axis::time, 1, 0, kMinPeriods | kGive, kExpandingNames},
    {"since", Axis::time, 1, 0, 0, {}},
    {"periods", Axis::time, 2, 0, kWindow | kMinPeriods | kGive, kPeriodNames},
    {"cs_rank", Axis::cross, 1, 0, 0, {}},
    {"cs_centred_rank", Axis::cross, 1, 0, 0, {}},
    {"cs_zscore", Axis::cross, 1, 0, 0, {}},
    {"cs_demean", Axis::cross, 1, 0, 0, {}},
    {"cs_mean", Axis::cross, 1, 0, 0, {}},
    {"cs_std", Axis::cross, 1, 0, 0, {}},
    {"cs_rank_min", Axis::cross, 1, 0, 0, {}},
    {"cs_rank_dense", Axis::cross, 1, 0, 0, {}},
    {"cs_rank_first", Axis::cross, 2, 0, 0, {}},
    {"cs_bucket", Axis::cross, 1, 0, kCount, {}},
    {"cs_normal", Axis::cross, 1, 0, 0, {}},
    {"cs_winsorize", Axis::cross, 1, 0, kLow | kHigh, {}},
    {"cs_scale", Axis::cross, 1, 0, 0, {}},
    {"cs_neutralize", Axis::cross, 2, 0, 0, {}, kMostExposures + 1},
}};

}  // namespace

const OpFacts& facts(Op op) noexcept { return kFacts[static_cast<std::size_t>(op)]; }

std::optional<Op> find_op(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kOpCount; ++i) {
    if (kFacts[i].name == name) return static_cast<Op>(i);
  }
  return std::nullopt;
}

}  // namespace jqfast
