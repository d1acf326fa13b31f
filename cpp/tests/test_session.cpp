// Sessions fed piece by piece give the bits of one run; saved, loaded, joined by new stocks, refused when damaged.
#include "jqfast/session.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "check.hpp"
#include "jqfast/error.hpp"
#include "runs.hpp"
#include "src/hash.hpp"

namespace {

using namespace jqfast::test;
using jqfast::Executor;
using jqfast::Layout;
using jqfast::Session;
using jqfast::StateError;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::vector<Panel> inputs_of(std::size_t T, std::size_t N, std::uint64_t seed = 83) {
  Random random(seed);
  return {gaps(T, N, random), noise(T, N, random), noise(T, 1, random)};
}

// Windows longer than the test's pieces, lags over borders, and every operation in three stages.
std::vector<std::string> plans() {
  PlanText single(2, 1);
  const auto lagged = single.add("lag v0 window=3");
  single.store(single.add("moments v" + std::to_string(lagged) + " window=29 min_periods=4 give=mean,skew", 2));
  single.store(single.add("trend v1 window=17 min_periods=9 give=resid"));
  single.store(single.add("quantiles v0 window=11 min_periods=3 at=0.3"));
  single.store(single.add("ema v2 alpha=0.1 min_periods=3"));
  single.store(lagged);
  return {single.text(), every_operation()};
}

// Feeds `inputs` piece by piece into `session`; outputs lie at their place among all rows.
struct Feeder {
  Session& session;
  Outputs& to;
  Setting setting = {};

  void operator()(const std::vector<Panel>& inputs, std::size_t first, std::size_t count) const {
    std::vector<jqfast::PanelView<const double>> views;
    for (const Panel& p : inputs) views.push_back({p.values.data() + first * p.cols, count, p.cols, p.cols});
    std::vector<std::int64_t> rows;
    for (const auto row : setting.rows.empty() ? all_rows(inputs[0].rows) : setting.rows) {
      const auto at = static_cast<std::size_t>(row);
      if (at >= first && at < first + count) rows.push_back(row - static_cast<std::int64_t>(first));
    }
    const std::size_t N = inputs[0].cols;
    std::vector<double> raw(to.features * count * N);
    jqfast::Output out;
    out.f64 = raw.data();
    out.layout = setting.layout;
    out.sessions = count;
    out.stocks = N;
    session.feed(views, rows, out, {setting.threads, setting.chunk, setting.width, setting.poll});
    const bool by_feature = setting.layout == Layout::feature;
    for (std::size_t f = 0; f < to.features; ++f) {
      for (std::size_t t = 0; t < count; ++t) {
        for (std::size_t n = 0; n < N; ++n) {
          const double x = raw[by_feature ? (f * count + t) * N + n : (t * N + n) * to.features + f];
          to.values[(f * to.rows + first + t) * to.cols + n] = x;
        }
      }
    }
  }
};

Outputs empty_like(const Outputs& other) {
  return {other.features, other.rows, other.cols, std::vector<double>(other.values.size(), 4711.0)};
}

std::vector<std::byte> saved(const Session& session) {
  std::vector<std::byte> bytes(session.saved_size());
  session.save(bytes);
  return bytes;
}

void pieces_of_any_length() {
  for (const auto& text : plans()) {
    for (const std::size_t N : {1, 9, 71}) {
      const auto inputs = inputs_of(150, N);
      const Outputs expected = run(text, inputs);
      const Executor executor(jqfast::decode_plan(text), jqfast::baseline_kernels());
      const std::vector<std::vector<std::size_t>> splits{
          {150}, std::vector<std::size_t>(150, 1), {1, 64, 1, 1, 40, 43}, {100, 1, 1, 1, 46, 1}, {30, 2, 33, 85}};
      for (std::size_t i = 0; i < splits.size(); ++i) {
        Session session(executor, N);
        Outputs got = empty_like(expected);
        Feeder feed{session, got};
        feed.setting.threads = 1 + i % 2;
        feed.setting.layout = i == 2 ? Layout::sample : Layout::feature;
        std::size_t first = 0;
        for (const std::size_t count : splits[i]) {
          feed(inputs, first, count);
          first += count;
          if (i == 3) session = Session::load(executor, saved(session));
        }
        check(session.rows() == 150 && same_bits(expected, got), "split " + std::to_string(i));
      }
    }
  }
}

void any_chunk_and_width() {
  const auto inputs = inputs_of(90, 13);
  for (const auto& text : plans()) {
    const Outputs expected = run(text, inputs);
    const Executor executor(jqfast::decode_plan(text), jqfast::baseline_kernels());
    Session session(executor, 13);
    Outputs got = empty_like(expected);
    std::size_t first = 0;
    for (const std::size_t chunk : {1, 3, 7, 64}) {
      for (const std::size_t width : {8, 16, 128}) {
        Feeder feed{session, got};
        feed.setting.chunk = chunk;
        feed.setting.width = width;
        const std::size_t count = std::min<std::size_t>(8, 90 - first);
        feed(inputs, first, count);
        first += count;
      }
    }
    check(first == 90 && same_bits(expected, got), "the state moves between shapes");
  }
}

void rows_that_are_no_sessions() {
  const auto inputs = inputs_of(120, 9);
  Setting setting;
  for (std::int64_t row = 0; row < 120; ++row) {
    if (row % 5 != 2 && row % 13 != 0) setting.rows.push_back(row);
  }
  for (const auto& text : plans()) {
    const Outputs expected = run(text, inputs, setting);
    const Executor executor(jqfast::decode_plan(text), jqfast::baseline_kernels());
    Session session(executor, 9);
    Outputs got = empty_like(expected);
    const Feeder feed{session, got, setting};
    feed(inputs, 0, 70);
    for (std::size_t t = 70; t < 120; ++t) feed(inputs, t, 1);
    check(session.rows() == setting.rows.size() && same_bits(expected, got), "other rows are blank");
  }
}

// What a batch over all stocks gives, the newcomers missing before they come; cells they did not have are not compared.
void new_stocks() {
  constexpr std::size_t kFirst = 40, kSecond = 75, kAll = 110;
  for (const auto& text : plans()) {
    for (const std::size_t start : {0, 6, 15}) {
      const std::size_t later = start + 3, most = start + 200;
      std::vector<Panel> inputs = inputs_of(kAll, most);
      for (std::size_t i = 0; i < 2; ++i) {
        for (std::size_t t = 0; t < kSecond; ++t) {
          for (std::size_t n = t < kFirst ? start : later; n < most; ++n) inputs[i].at(t, n) = kNaN;
        }
      }
      const Outputs expected = run(text, inputs);
      const Executor executor(jqfast::decode_plan(text), jqfast::baseline_kernels());
      Session session(executor, start);
      Outputs got = expected;  // the early cells of newcomers
      const Feeder feed{session, got};
      const auto cut = [&](std::size_t N) {
        std::vector<Panel> narrow;
        for (const Panel& p : inputs) {
          narrow.emplace_back(p.rows, p.cols == 1 ? 1 : N);
          for (std::size_t t = 0; t < p.rows; ++t) {
            for (std::size_t n = 0; n < narrow.back().cols; ++n) narrow.back().at(t, n) = p.at(t, n);
          }
        }
        return narrow;
      };
      feed(cut(start), 0, kFirst - 5);
      for (std::size_t t = kFirst - 5; t < kFirst; ++t) feed(cut(start), t, 1);
      for (std::size_t t = kFirst; t < kFirst + 5; ++t) feed(cut(later), t, 1);
      feed(cut(later), kFirst + 5, kSecond - kFirst - 5);
      feed(inputs, kSecond, 1);
      session = Session::load(executor, saved(session));
      feed(inputs, kSecond + 1, kAll - kSecond - 1);
      check(session.stocks() == most && same_bits(expected, got), "new stocks after " + std::to_string(start));
    }
  }
}

void refused_and_unchanged() {
  const auto inputs = inputs_of(60, 9);
  for (const auto& text : plans()) {
    const Outputs expected = run(text, inputs);
    const Executor executor(jqfast::decode_plan(text), jqfast::baseline_kernels());
    Session session(executor, 9);
    Outputs got = empty_like(expected);
    Feeder feed{session, got};
    feed(inputs, 0, 50);
    const auto before = saved(session);
    const auto narrow = inputs_of(60, 8);
    check(throws<std::invalid_argument>([&] { feed(narrow, 50, 1); }, "has 9 stocks"), "another number of stocks");
    check(throws<std::invalid_argument>([&] { feed({inputs[0]}, 50, 1); }, "number of inputs"), "inputs are missing");
    feed.setting.threads = 0;
    check(throws<std::invalid_argument>([&] { feed(inputs, 50, 1); }, "`threads`"), "no threads");
    check(saved(session) == before, "a refused row changes nothing");
    feed.setting = {};
    feed.setting.poll = [] { throw jqfast::Cancelled(); };
    for (std::size_t t = 50; t < 60; ++t) feed(inputs, t, 1);
    check(same_bits(expected, got), "a single row is not interrupted");
    check(throws<jqfast::Cancelled>([&] { feed(inputs, 0, 60); }), "many rows are");
    check(throws<StateError>([&] { feed(inputs, 0, 1); }, "interrupted"), "and the state is lost");
    check(throws<StateError>([&] { saved(session); }, "interrupted"), "and not saved");

    Session fresh(executor, 9);
    Feeder again{fresh, got};
    again.setting.poll = [] { throw jqfast::Cancelled(); };
    check(throws<jqfast::Cancelled>([&] { again(inputs, 0, 60); }), "interrupted at the start");
    again.setting.poll = nullptr;
    again(inputs, 0, 60);
    check(same_bits(expected, got), "nothing was lost");
  }
}

void damaged_states() {
  const auto inputs = inputs_of(20, 5);
  const std::string text = plans()[0];
  const Executor executor(jqfast::decode_plan(text), jqfast::baseline_kernels());
  const Executor other(jqfast::decode_plan(plans()[1]), jqfast::baseline_kernels());
  Session session(executor, 5);
  Outputs got = run(text, inputs);
  Feeder{session, got}(inputs, 0, 20);
  const auto bytes = saved(session);
  check(saved(Session::load(executor, bytes)) == bytes, "loaded as saved");
  check(throws<StateError>([&] { (void)Session::load(other, bytes); }, "another plan"), "another plan");
  for (std::size_t length = 0; length < bytes.size(); length += 1 + length / 7) {
    check(throws<StateError>([&] { (void)Session::load(executor, std::span(bytes).first(length)); }), "cut");
  }
  for (std::size_t i = 0; i < bytes.size(); i += i < 64 ? 1 : 131) {
    auto wrong = bytes;
    wrong[i] ^= std::byte{0x40};
    check(throws<StateError>([&] { (void)Session::load(executor, wrong); }), "byte " + std::to_string(i));
  }
  auto longer = bytes;
  longer.resize(longer.size() + 8);
  check(throws<StateError>([&] { (void)Session::load(executor, longer); }), "too long");
}

// The checksum keeps no one from writing a state: whatever its numbers, no place outside a window is read.
void forged_states() {
  const auto inputs = inputs_of(40, 9);
  const std::string text =
      "jqfast-plan 1\ninput stock a\noutputs 2\ntime\nv0 = input 0\nv1 = quantiles v0 window=5 min_periods=1 at=1\n"
      "v2 = mad v0 window=6 min_periods=1\nstore v1 0\nstore v2 1\n";
  const Executor executor(jqfast::decode_plan(text), jqfast::baseline_kernels());
  Session session(executor, 9);
  Outputs got = run(text, {inputs[0]});
  const Feeder feed{session, got};
  feed({inputs[0]}, 0, 20);
  const auto bytes = saved(session);
  for (const double number : {1e9, -1.0, 2.5, kNaN}) {
    auto forged = bytes;
    constexpr std::size_t kHead = 48, kSum = sizeof(std::uint64_t);
    for (std::size_t at = kHead; at + kSum < forged.size(); at += sizeof number) {
      std::memcpy(forged.data() + at, &number, sizeof number);
    }
    const std::uint64_t sum = jqfast::hash_of(std::span(forged).first(forged.size() - kSum));
    std::memcpy(forged.data() + forged.size() - kSum, &sum, kSum);
    session = Session::load(executor, forged);
    feed({inputs[0]}, 20, 20);
    check(saved(session) != bytes, "a forged state goes on");
  }
}

}  // namespace

int main() {
  pieces_of_any_length();
  any_chunk_and_width();
  rows_that_are_no_sessions();
  new_stocks();
  refused_and_unchanged();
  damaged_states();
  forged_states();
  return report("session");
}
