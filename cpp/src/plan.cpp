// Plan decoding. Every rule is checked here, so that the executor may trust what it gets: values are defined
// before use and once, stages alternate in kind, parameters are in range, every output is written exactly once.
#include "jqfast/plan.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "jqfast/error.hpp"
#include "jqfast/kernel_table.hpp"

namespace jqfast {
namespace {

constexpr std::uint32_t kMaxOutputs = 1u << 16;

class Decoder {
 public:
  explicit Decoder(std::string_view text) : rest_(text) { plan_.text = std::string(text); }

  Plan run() {
    next_line();
    if (words_.size() != 2 || words_[0] != "jqfast-plan" || words_[1] != "1") {
      fail("the first line must be `jqfast-plan 1`");
    }
    while (next_line()) decode_line();
    finish();
    return std::move(plan_);
  }

 private:
  [[noreturn]] void fail(const std::string& rule) const {
    throw PlanError("Plan line " + std::to_string(line_) + ": " + rule + "; got `" + std::string(current_) + "`.");
  }

  bool next_line() {
    do {
      if (rest_.empty()) return false;
      const auto end = std::min(rest_.find('\n'), rest_.size());
      current_ = rest_.substr(0, end);
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      ++line_;
      split();
    } while (words_.empty());
    return true;
  }

  void split() {
    words_.clear();
    std::string_view s = current_;
    while (!s.empty()) {
      const auto start = s.find_first_not_of(' ');
      if (start == std::string_view::npos) break;
      s.remove_prefix(start);
      const auto end = std::min(s.find(' '), s.size());
      words_.push_back(s.substr(0, end));
      s.remove_prefix(end);
    }
  }

  void decode_line() {
    const auto head = words_[0];
    if (head == "input" && plan_.stages.empty()) {
      decode_input();
    } else if (head == "outputs" && plan_.stages.empty()) {
      decode_outputs();
    } else if ((head == "time" || head == "cross") && words_.size() == 1) {
      decode_stage(head == "cross");
    } else if (head == "store") {
      decode_store();
    } else {
      decode_instr();
    }
  }

  void decode_input() {
    if (words_.size() != 3 || (words_[1] != "stock" && words_[1] != "market" && words_[1] != "code")) {
      fail("an input is `input stock NAME`, `input market NAME` or `input code NAME`");
    }
    const auto axis = words_[1] == "stock"    ? InputAxis::stock
                      : words_[1] == "market" ? InputAxis::market
                                              : InputAxis::code;
    plan_.inputs.push_back({axis, std::string(words_[2])});
  }

  void decode_outputs() {
    if (words_.size() != 2 || plan_.outputs != 0) fail("`outputs F` must stand once");
    plan_.outputs = integer(words_[1], 1, kMaxOutputs, "the number of outputs");
    stored_.assign(plan_.outputs, false);
  }

  void decode_stage(bool cross) {
    if (plan_.stages.empty() && cross) fail("the first stage must be `time`");
    if (!plan_.stages.empty() && plan_.stages.back().cross == cross) fail("stages must alternate");
    plan_.stages.push_back({cross, {}, {}});
  }

  void decode_store() {
    if (words_.size() != 3 || plan_.stages.empty()) fail("a store is `store vK OUTPUT`, inside a stage");
    const auto value = value_number(words_[1]);
    if (plan_.outputs == 0) fail("`outputs F` must stand before the first stage");
    const auto output = integer(words_[2], 0, plan_.outputs - 1, "the output number");
    if (stored_[output]) fail("an output may be stored once");
    stored_[output] = true;
    plan_.stages.back().stores.push_back({value, output});
  }

  void decode_instr() {
    const auto equals = std::find(words_.begin(), words_.end(), std::string_view("="));
    if (plan_.stages.empty() || equals == words_.begin() || words_.end() - equals < 2) {
      fail("an instruction is `vK = OP ARGS key=value`, inside a stage");
    }
    if (++instructions_ > kMaxInstructions) fail("a plan may hold at most 65536 instructions");
    const auto op = find_op(equals[1]);
    if (!op) fail("unknown operation");
    Instr instr;
    instr.op = *op;
    instr.line = line_;
    instr.first = plan_.values;
    const OpFacts& f = facts(*op);
    if ((f.axis == Axis::cross) != plan_.stages.back().cross) fail("the operation belongs to the other kind of stage");
    decode_operands(instr, f, std::span(equals + 2, words_.end()));
    decode_targets(instr, std::span(words_.begin(), equals));
    plan_.stages.back().instrs.push_back(std::move(instr));
  }

  void decode_targets(const Instr& instr, std::span<const std::string_view> targets) {
    if (targets.size() != instr.give.size()) fail("an instruction defines one value per entry of `give`");
    for (const auto target : targets) {
      std::string next("v");
      next += std::to_string(plan_.values);
      if (target != next) fail("values must be numbered in order of definition");
      ++plan_.values;
    }
  }

  void decode_operands(Instr& instr, const OpFacts& f, std::span<const std::string_view> words) {
    if (words.size() < f.args) fail("too few arguments");
    if (instr.op == Op::input) {
      if (words.size() != 1 || plan_.inputs.empty()) fail("an input is `vK = input NUMBER`");
      instr.window = integer(words[0], 0, static_cast<std::uint32_t>(plan_.inputs.size()) - 1, "the input number");
      return;
    }
    std::size_t count = f.args;
    while (count < f.most && count < words.size() && words[count].find('=') == std::string_view::npos) ++count;
    for (std::size_t i = 0; i < count; ++i) instr.args.push_back(argument(words[i], f, i));
    decode_params(instr, f, words.subspan(count));
  }

  Arg argument(std::string_view word, const OpFacts& f, std::size_t index) {
    const bool must_be_literal = index + f.literals >= std::max(f.args, f.most);
    if (word.starts_with('v')) {
      if (must_be_literal) fail("this argument must be a number");
      return {value_number(word), 0.0};
    }
    if (!must_be_literal && f.axis != Axis::elementwise) fail("this argument must be a value");
    Arg arg;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), arg.literal);
    if (error != std::errc() || end != word.data() + word.size()) fail("an argument is `vK` or a number");
    return arg;
  }

  void decode_params(Instr& instr, const OpFacts& f, std::span<const std::string_view> words) {
    std::uint16_t seen = 0;
    for (const auto word : words) {
      const auto cut = word.find('=');
      if (cut == std::string_view::npos) fail("a parameter is `key=value`");
      if (f.axis == Axis::cross && word.substr(0, cut) == "by" && instr.by.is_literal()) {
        instr.by = {value_number(word.substr(cut + 1)), 0.0};
        continue;
      }
      const auto bit = decode_param(instr, f, word.substr(0, cut), word.substr(cut + 1));
      if ((seen & bit) != 0) fail("a parameter may stand once");
      seen = static_cast<std::uint16_t>(seen | bit);
    }
    if (seen != f.params) fail("a parameter is missing or does not belong to this operation");
    if ((f.params & kMinPeriods) != 0 && (f.params & kWindow) != 0 && instr.min_periods > instr.window) {
      fail("`min_periods` must not exceed `window`");
    }
    if (!(instr.low <= instr.high)) fail("`low` must not exceed `high`");
  }

  std::uint16_t decode_param(Instr& instr, const OpFacts& f, std::string_view key, std::string_view value) {
    if (key == "window") {
      const std::uint32_t low = instr.op == Op::lag ? 0 : 1;
      instr.window = integer(value, low, kMaxWindow, "`window`");
      return kWindow;
    }
    if (key == "min_periods") {
      instr.min_periods = integer(value, 1, kMaxWindow, "`min_periods`");
      return kMinPeriods;
    }
    if (key == "limit") {
      instr.window = integer(value, 1, kMaxWindow, "`limit`");
      return kLimit;
    }
    if (key == "alpha") {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), instr.alpha);
      if (error != std::errc() || end != value.data() + value.size() || !(instr.alpha > 0.0 && instr.alpha <= 1.0)) {
        fail("`alpha` must be a number in (0, 1]");
      }
      return kAlpha;
    }
    if (key == "low") {
      instr.low = number(value, "`low`");
      return kLow;
    }
    if (key == "high") {
      instr.high = number(value, "`high`");
      return kHigh;
    }
    if (key == "count") {
      instr.count = integer(value, 2, kMaxWindow, "`count`");
      return kCount;
    }
    if (key == "at") {
      decode_at(instr, value);
      return kAt;
    }
    if (key == "give") {
      decode_give(instr, f, value);
      return kGive;
    }
    fail("unknown parameter");
  }

  void decode_give(Instr& instr, const OpFacts& f, std::string_view list) {
    instr.give.clear();
    while (true) {
      const auto cut = std::min(list.find(','), list.size());
      const auto found = std::find(f.give.begin(), f.give.end(), list.substr(0, cut));
      if (found == f.give.end()) fail("`give` lists a statistic this operation does not have");
      const auto index = static_cast<std::uint8_t>(found - f.give.begin());
      if (std::find(instr.give.begin(), instr.give.end(), index) != instr.give.end()) fail("`give` repeats itself");
      instr.give.push_back(index);
      if (cut == list.size()) return;
      list.remove_prefix(cut + 1);
    }
  }

  // A share, from 0 to 1.
  double number(std::string_view word, const char* what) const {
    double q = 0.0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), q);
    if (error != std::errc() || end != word.data() + word.size() || !(q >= 0.0 && q <= 1.0)) {
      fail(std::string(what) + " must be a number from 0 to 1");
    }
    return q;
  }

  void decode_at(Instr& instr, std::string_view list) {
    while (true) {
      const auto cut = std::min(list.find(','), list.size());
      instr.numbers.push_back(number(list.substr(0, cut), "every entry of `at`"));
      if (cut == list.size()) break;
      list.remove_prefix(cut + 1);
    }
    if (instr.numbers.size() > kMostOutputs) fail("`at` may list at most 10 quantiles");
    instr.give.assign(instr.numbers.size(), 0);
  }

  std::uint32_t value_number(std::string_view word) {
    if (!word.starts_with('v') || plan_.values == 0) fail("a value is `vK` and must be defined before");
    return integer(word.substr(1), 0, plan_.values - 1, "a value that is defined before");
  }

  std::uint32_t integer(std::string_view word, std::uint32_t low, std::uint32_t high, const char* what) const {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size() || number < low || number > high) {
      fail(std::string(what) + " must be an integer from " + std::to_string(low) + " to " + std::to_string(high));
    }
    return number;
  }

  void finish() {
    current_ = "";
    if (plan_.outputs == 0 || plan_.stages.empty()) fail("a plan needs `outputs F` and at least one stage");
    if (std::find(stored_.begin(), stored_.end(), false) != stored_.end()) fail("every output must be stored");
  }

  Plan plan_;
  std::string_view rest_;
  std::string_view current_;
  std::vector<std::string_view> words_;
  std::vector<bool> stored_;
  std::uint32_t line_ = 0;
  std::size_t instructions_ = 0;
};

}  // namespace

Plan decode_plan(std::string_view text) { return Decoder(text).run(); }

}  // namespace jqfast
