// The executor: the same bits whatever the tiles and threads, values across stages, rows that are no sessions,
// outputs of either type and layout, cancellation, and arguments that do not fit.
#include <cmath>
#include <limits>
#include <set>

#include "check.hpp"
#include "jqfast/error.hpp"
#include "src/offsets.hpp"
#include "verify.hpp"

namespace {

using namespace jqfast::test;
using jqfast::decode_plan;
using jqfast::Layout;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::vector<Panel> inputs_of(std::size_t T, std::size_t N, std::uint64_t seed = 61) {
  Random random(seed);
  return {gaps(T, N, random), noise(T, N, random), noise(T, 1, random)};
}

// One time stage alone takes another way through the executor (tile by tile) than several stages (chunk by chunk).
std::vector<std::string> plans() {
  PlanText single(2, 1);
  const auto lagged = single.add("lag v0 window=3");
  const auto older = single.add("lag v" + std::to_string(lagged) + " window=70");
  const auto sum = single.add("add v" + std::to_string(older) + " 0.25");
  const auto mean = single.add("moments v" + std::to_string(sum) + " window=9 min_periods=4 give=mean,zscore", 2);
  const auto trend = single.add("trend v" + std::to_string(lagged) + " window=30 min_periods=9 give=slope");
  const auto smooth = single.add("ema v2 alpha=0.1 min_periods=3");
  for (const auto v : {older, mean, mean + 1, trend, smooth, lagged}) single.store(v);
  return {single.text(), every_operation()};
}

void tiles_chunks_and_threads() {
  for (const auto& text : plans()) {
    for (const std::size_t N : {1, 9, 129}) {
      const auto inputs = inputs_of(N == 129 ? 70 : 131, N);
      const Outputs expected = run(text, inputs);
      for (const std::size_t chunk : {1, 3, 64, 1000}) {
        for (const std::size_t width : {8, 16, 128}) {
          Setting setting;
          setting.chunk = chunk;
          setting.width = width;
          setting.threads = chunk == 3 ? 7 : chunk == 64 ? 2 : 1;
          setting.layout = width == 16 ? Layout::sample : Layout::feature;
          check(same_bits(expected, run(text, inputs, setting)),
                "chunk " + std::to_string(chunk) + ", width " + std::to_string(width) + ", N " + std::to_string(N));
        }
      }
    }
  }
}

// One that is added without a reference fails here.
void every_operation_against_its_reference() {
  for (std::size_t i = 1; i < jqfast::kOpCount; ++i) {
    const auto op = static_cast<jqfast::Op>(i);
    const auto& f = jqfast::facts(op);
    PlanText plan(2, 1);
    if (f.axis == jqfast::Axis::cross) plan.stage(true);
    std::vector<std::string> args{"v0", "v1", "v0"};
    if (f.literals > 0) args[f.args - 1u] = "1.5";
    if (f.literals > 1) args[f.args - 2u] = "-0.5";
    const std::size_t first = plan.add(usual_words(op, args, 7, 5), statistics(op));
    for (std::size_t v = first; v < plan.values(); ++v) plan.store(v);
    verify(plan.text(), inputs_of(40, 9), std::string(f.name));
  }
}

// Cross-sections of time values, time values of cross-sections, lags over the borders, stores far from home.
const char* const kStages =
    "jqfast-plan 1\ninput stock a\ninput stock b\ninput market m\noutputs 12\n"
    "time\nv0 = input 0\nv1 = input 1\nv2 = input 2\nv3 = lag v0 window=2\nv4 = sub v0 v3\n"
    "v5 v6 = moments v4 window=5 min_periods=3 give=std,mean\nstore v3 0\nstore v5 1\n"
    "cross\nv7 = cs_zscore v5\nv8 = cs_rank v3\nv9 = cs_demean v7\nstore v9 2\nstore v7 3\nstore v0 4\n"
    "time\nv10 = lag v8 window=4\nv11 = lag v4 window=1\nv12 = mul v10 v2\nv13 = ema v7 alpha=0.2 min_periods=2\n"
    "v14 = where v11 2.5 v12\nv15 = clip v13 -0.5 0.5\nstore v10 5\nstore v12 6\nstore v6 7\nstore v11 8\n"
    "cross\nv16 = cs_centred_rank v14\nv17 = cs_mean v15\nstore v16 9\n"
    "time\nv18 = add v17 v8\nstore v18 10\nstore v16 11\n";

void stages() {
  for (const std::size_t N : {1, 9, 17}) {
    const auto inputs = inputs_of(90, N);
    verify(kStages, inputs, "stages");
    Setting setting;
    setting.chunk = 7;
    setting.threads = 2;
    setting.layout = Layout::sample;
    verify(kStages, inputs, "stages in small chunks", setting);
    check(same_bits(run(kStages, inputs), run(kStages, inputs, setting)), "stages, whatever the chunks");
  }
  // A market series reaches a cross-section as the same value for every stock.
  const auto inputs = inputs_of(20, 5);
  const Outputs out =
      run("jqfast-plan 1\ninput stock a\ninput market m\noutputs 2\ntime\nv0 = input 1\nstore v0 1\n"
          "cross\nv1 = cs_demean v0\nstore v1 0\n",
          {inputs[0], inputs[2]});
  for (std::size_t t = 0; t < 20; ++t) {
    check(out.at(0, t, 4) == 0.0 && out.at(1, t, 4) == inputs[2].at(t, 0), "a market series across stocks");
  }
}

void rows_that_are_no_sessions() {
  const auto inputs = inputs_of(60, 9);
  Setting setting;
  for (std::int64_t row = 1; row < 59; ++row) {
    if (row % 7 != 3 && row % 11 != 0) setting.rows.push_back(row);
  }
  verify(kStages, inputs, "stages on sessions", setting);
  verify(plans()[0], inputs, "one stage on sessions", setting);
  // The sessions alone, as a panel of their own, give the same values.
  std::vector<Panel> dense;
  for (const Panel& p : inputs) {
    dense.emplace_back(setting.rows.size(), p.cols);
    for (std::size_t r = 0; r < setting.rows.size(); ++r) {
      for (std::size_t n = 0; n < p.cols; ++n)
        dense.back().at(r, n) = p.at(static_cast<std::size_t>(setting.rows[r]), n);
    }
  }
  const Outputs sparse = run(kStages, inputs, setting), packed = run(kStages, dense);
  std::vector<double> picked;
  for (std::size_t f = 0; f < sparse.features; ++f) {
    for (const auto row : setting.rows) {
      for (std::size_t n = 0; n < 9; ++n) picked.push_back(sparse.at(f, static_cast<std::size_t>(row), n));
    }
  }
  check(same_bits(packed, {packed.features, packed.rows, packed.cols, picked}), "other rows are part of no window");
}

// Blocks of equal windows begin in different sessions, and what else a plan computes, in whatever order, changes no
// bit.
void blocks() {
  constexpr std::size_t kWindow = 60, kSeries = 200;
  PlanText crowd(2);
  std::vector<std::size_t> means;
  for (std::size_t k = 0; k < kSeries; ++k) {
    const auto lagged = crowd.add("lag v0 window=" + std::to_string(k));
    const std::string words = " window=" + std::to_string(kWindow) + " min_periods=4 give=";
    if (k == 70) crowd.store(crowd.add("pairs v1 v0" + words + "corr"));
    means.push_back(crowd.add("moments v" + std::to_string(lagged) + words + "std,mean", 2));
  }
  crowd.store(means[3] + 1);
  const auto offsets = jqfast::block_offsets(decode_plan(crowd.text()));
  std::set<std::uint32_t> places;
  for (const auto v : means) places.insert(offsets[v]);
  check(*places.rbegin() < kWindow && places.size() > kWindow * 3 / 4, "blocks begin all over a window");

  PlanText alone(2);
  const auto lagged = alone.add("lag v0 window=3");
  const std::string words = " window=" + std::to_string(kWindow) + " min_periods=4 give=";
  alone.store(alone.add("pairs v1 v0" + words + "corr"));
  alone.store(alone.add("moments v" + std::to_string(lagged) + words + "mean"));
  auto inputs = inputs_of(150, 9);
  inputs.pop_back();
  check(same_bits(run(alone.text(), inputs), run(crowd.text(), inputs)), "a feature alone and among others");
}

void nothing_to_do() {
  const std::string text = plans()[1];
  check(run(text, {Panel(0, 5), Panel(0, 5), Panel(0, 1)}).values.empty(), "no sessions");
  check(run(text, {Panel(5, 0), Panel(5, 0), Panel(5, 1)}).values.empty(), "no stocks");
  const jqfast::Executor executor(
      decode_plan("jqfast-plan 1\ninput stock a\noutputs 1\ntime\nv0 = input 0\nstore v0 0\n"),
      jqfast::baseline_kernels());
  const Panel x(3, 2, 1.0);
  std::vector<double> out(6, 1.0);
  const std::vector<jqfast::PanelView<const double>> views{x.view()};
  executor.run(views, {}, {nullptr, out.data(), Layout::feature, 3, 2}, {});
  for (const double v : out) check(std::isnan(v), "no rows are sessions");
}

void rounding_and_canonical_values() {
  Panel x(1, 8);
  x.values = {0.1,       -0.0, std::numeric_limits<double>::infinity(), 1e300, -kNaN, 1e-46, 3.4028235677973366e38,
              16777217.0};
  const std::string text = "jqfast-plan 1\ninput stock a\noutputs 1\ntime\nv0 = input 0\nstore v0 0\n";
  const Outputs wide = run(text, {x});
  const auto narrow = run_f32(text, {x});
  check(narrow[0] == 0.1f && narrow[7] == 16777216.0f && narrow[5] == 0.0f, "float32 is rounded once");
  check(!std::signbit(narrow[1]) && !std::signbit(wide.at(0, 0, 1)), "zero is positive");
  check(std::isnan(narrow[2]) && std::isnan(wide.at(0, 0, 2)), "Inf is stored as NaN");
  check(std::isnan(narrow[3]) && std::isnan(narrow[6]) && wide.at(0, 0, 3) == 1e300, "what overflows float32 is NaN");
  check(std::isnan(wide.at(0, 0, 4)) && !std::signbit(wide.at(0, 0, 4)), "NaN is canonical");
}

void cancelling() {
  for (const auto& text : plans()) {
    for (const std::size_t threads : {1, 2}) {
      const auto inputs = inputs_of(200, 64);
      Setting setting;
      setting.chunk = 8;
      setting.width = 8;
      setting.threads = threads;
      int calls = 0;
      setting.poll = [&] {
        if (++calls == 2) throw jqfast::Cancelled();
      };
      const bool cancelled = throws<jqfast::Cancelled>([&] { run(text, inputs, setting); }, "cancelled");
      check(cancelled || calls < 2, "the poll cancels a run");
      setting.poll = nullptr;
      check(same_bits(run(text, inputs), run(text, inputs, setting)), "a run after a cancelled one");
    }
  }
}

void lookback() {
  const auto of = [](const std::string& words) {
    PlanText plan(1);
    const auto first = plan.add("lag v0 window=3");
    plan.store(plan.add(words + std::to_string(first)));
    std::string text = plan.text();
    return text;
  };
  const auto depth = [](const std::string& text) {
    return jqfast::Executor(decode_plan(text), jqfast::baseline_kernels()).lookback();
  };
  check(depth(of("abs v")) == 3, "a lag looks back");
  PlanText plan(1);
  plan.add("lag v0 window=3");
  plan.add("moments v1 window=10 min_periods=1 give=mean");
  plan.store(2);
  check(depth(plan.text()) == 12, "a window over a lag");
  plan.store(plan.add("ema v0 alpha=0.5 min_periods=1"));
  check(depth(plan.text()) > 1000000000, "recursions remember everything");
}

void arguments_that_do_not_fit() {
  using Error = std::invalid_argument;
  const std::string text =
      "jqfast-plan 1\ninput stock close\ninput market m\noutputs 1\ntime\nv0 = input 0\nstore v0 0\n";
  const jqfast::Executor executor(decode_plan(text), jqfast::baseline_kernels());
  const Panel x(5, 4), m(5, 1);
  std::vector<double> out(20);
  const auto attempt = [&](std::vector<jqfast::PanelView<const double>> views, const std::vector<std::int64_t>& rows,
                           const jqfast::RunOptions& options) {
    executor.run(views, rows, {nullptr, out.data(), Layout::feature, 5, 4}, options);
  };
  const auto x_view = x.view(), m_view = m.view();
  check(throws<Error>([&] { attempt({x_view}, {0}, {}); }, "another number of inputs"), "too few inputs");
  check(throws<Error>([&] { attempt({m_view, m_view}, {0}, {}); }, "`close` has another shape"), "too few stocks");
  check(throws<Error>([&] { attempt({x_view, x_view}, {0}, {}); }, "`m` has another shape"), "a market of stocks");
  auto bad = x_view;
  bad.rows = 4;
  check(throws<Error>([&] { attempt({bad, m_view}, {0}, {}); }, "another shape"), "too few sessions");
  bad = x_view;
  bad.row_stride = 3;
  check(throws<Error>([&] { attempt({bad, m_view}, {0}, {}); }, "another shape"), "rows that overlap");
  for (const auto& rows : {std::vector<std::int64_t>{5}, {-1}, {1, 1}, {2, 1}}) {
    check(throws<Error>([&] { attempt({x_view, m_view}, rows, {}); }, "`rows` must be ascending"), "wrong rows");
  }
  for (const std::size_t threads : {std::size_t{0}, std::size_t{1025}, SIZE_MAX}) {
    check(
        throws<Error>([&] { attempt({x_view, m_view}, {0}, {threads, 0, 0, {}}); }, "`threads` must be from 1 to 1024"),
        "number of threads");
  }
  check(throws<Error>([&] { attempt({x_view, m_view}, {0}, {1, 0, 12, {}}); }, "`width` must be a multiple of 8"),
        "width");
  attempt({x_view, m_view}, {0, 4}, {1024, 0, 0, {}});
  check(true, "more threads than tasks");
}

}  // namespace

int main() {
  every_operation_against_its_reference();
  tiles_chunks_and_threads();
  stages();
  rows_that_are_no_sessions();
  blocks();
  nothing_to_do();
  rounding_and_canonical_values();
  cancelling();
  lookback();
  arguments_that_do_not_fit();
  return report("executor");
}
