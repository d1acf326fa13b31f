// Every rule of plan text: what breaks it is refused, with the line and the rule in the message.
#include <string>

#include "check.hpp"
#include "jqfast/error.hpp"
#include "runs.hpp"

namespace {

using namespace jqfast::test;
using jqfast::decode_plan;
using jqfast::PlanError;

const std::string& head() {
  static const std::string text = "jqfast-plan 1\ninput stock close\noutputs 1\n";
  return text;
}

void refused(const std::string& text, const std::string& line, const std::string& rule) {
  const auto decode = [&] { (void)decode_plan(text); };
  check(throws<PlanError>(decode, "Plan line " + line + ": "), "the line of `" + rule + "`");
  check(throws<PlanError>(decode, rule), "`" + rule + "` for\n" + text);
}

// One bad line where an instruction may stand.
void refused_line(const std::string& line, const std::string& rule) {
  refused(head() + "time\nv0 = input 0\n" + line + "\nstore v0 0\n", "6", rule);
  check(throws<PlanError>([&] { (void)decode_plan(head() + "time\nv0 = input 0\n" + line + "\n"); },
                          "got `" + line + "`"),
        "the message quotes `" + line + "`");
}

void heads_and_stages() {
  refused("", "0", "the first line must be `jqfast-plan 1`");
  refused("jqfast-plan 2\n", "1", "the first line must be `jqfast-plan 1`");
  refused("jqfast-plan 1\ninput shares close\n", "2", "`input stock NAME`, `input market NAME` or `input code NAME`");
  refused("jqfast-plan 1\ninput stock\n", "2", "`input stock NAME`, `input market NAME` or `input code NAME`");
  refused(head() + "outputs 1\n", "4", "`outputs F` must stand once");
  refused("jqfast-plan 1\noutputs 0\n", "2", "the number of outputs must be an integer from 1 to 65536");
  refused("jqfast-plan 1\noutputs 65537\n", "2", "the number of outputs");
  refused("jqfast-plan 1\noutputs 1x\n", "2", "the number of outputs");
  refused(head() + "cross\n", "4", "the first stage must be `time`");
  refused(head() + "time\ntime\n", "5", "stages must alternate");
  refused(head() + "time\ncross\ncross\n", "6", "stages must alternate");
  refused(head(), "3", "at least one stage");
  refused("jqfast-plan 1\ninput stock close\ntime\nv0 = input 0\nstore v0 0\n", "5", "`outputs F` must stand before");
  refused("jqfast-plan 1\ninput stock close\ntime\nv0 = input 0\n", "4", "a plan needs `outputs F`");
  refused(head() + "v0 = input 0\n", "4", "inside a stage");
  refused(head() + "store v0 0\n", "4", "a store is `store vK OUTPUT`, inside a stage");
}

void instructions() {
  refused_line("v1 = abs", "too few arguments");
  refused_line("v1 = add v0", "too few arguments");
  refused_line("v1 abs v0", "an instruction is `vK = OP ARGS key=value`");
  refused_line("= abs v0", "an instruction is `vK = OP ARGS key=value`");
  refused_line("v1 =", "an instruction is `vK = OP ARGS key=value`");
  refused_line("v1 = absolute v0", "unknown operation");
  refused_line("v1 = cs_rank v0", "the operation belongs to the other kind of stage");
  refused_line("v2 = abs v0", "values must be numbered in order of definition");
  refused_line("v0 = abs v0", "values must be numbered in order of definition");
  refused_line("v1 v2 = abs v0", "one value per entry of `give`");
  refused_line("v1 = abs v1", "a value that is defined before must be an integer from 0 to 0");
  refused_line("v1 = abs v-1", "a value that is defined before");
  refused_line("v1 = abs x0", "an argument is `vK` or a number");
  refused_line("v1 = add v0 1.0.0", "an argument is `vK` or a number");
  refused_line("v1 = add v0 1e999", "an argument is `vK` or a number");
  refused_line("v1 = input 1", "the input number must be an integer from 0 to 0");
  refused_line("v1 = input 0 0", "an input is `vK = input NUMBER`");
  refused_line("v1 = power v0 v0", "this argument must be a number");
  refused_line("v1 = lag 1.0 window=2", "this argument must be a value");
  refused_line("v1 = abs v0 v0", "a parameter is `key=value`");
}

void parameters() {
  refused_line("v1 = lag v0", "a parameter is missing");
  refused_line("v1 = abs v0 window=3", "does not belong to this operation");
  refused_line("v1 = lag v0 window=1 window=2", "a parameter may stand once");
  refused_line("v1 = lag v0 widow=1", "unknown parameter");
  refused_line("v1 = lag v0 window=-1", "`window` must be an integer from 0 to 65536");
  refused_line("v1 = lag v0 window=65537", "`window` must be an integer from 0 to 65536");
  refused_line("v1 = moments v0 window=0 min_periods=1 give=mean", "`window` must be an integer from 1 to 65536");
  refused_line("v1 = moments v0 window=5 min_periods=0 give=mean", "`min_periods` must be an integer from 1");
  refused_line("v1 = moments v0 window=5 min_periods=6 give=mean", "`min_periods` must not exceed `window`");
  refused_line("v1 = moments v0 window=5 min_periods=5 give=median", "a statistic this operation does not have");
  refused_line("v1 = moments v0 window=5 min_periods=5 give=", "a statistic this operation does not have");
  refused_line("v1 v2 = moments v0 window=5 min_periods=5 give=mean,mean", "`give` repeats itself");
  refused_line("v1 = quantiles v0 window=5 min_periods=5 at=0.5,1.5",
               "every entry of `at` must be a number from 0 to 1");
  refused_line("v1 = quantiles v0 window=5 min_periods=5 at=", "every entry of `at` must be a number from 0 to 1");
  refused_line("v1 = cs_winsorize v0 low=0.9 high=0.1", "belongs to the other kind of stage");
  const std::string cross = head() + "time\nv0 = input 0\ncross\n";
  refused(cross + "v1 = cs_winsorize v0 low=0.9 high=0.1\nstore v1 0\n", "7", "`low` must not exceed `high`");
  refused(cross + "v1 = cs_bucket v0 count=1\nstore v1 0\n", "7", "`count` must be an integer from 2");
  refused(cross + "v1 = cs_rank v0 by=v1\nstore v1 0\n", "7", "a value that is defined before");
  refused(cross + "v1 = cs_rank v0 by=v0 by=v0\nstore v1 0\n", "7", "unknown parameter");
  refused_line("v1 = quantiles v0 window=5 min_periods=5 at=0,0,0,0,0,0,0,0,0,0,0", "`at` may list at most 10");
  refused_line("v1 = last_valid v0 limit=0", "`limit` must be an integer from 1");
  for (const char* alpha : {"0", "-0.5", "1.1", "nan", "half"}) {
    refused_line("v1 = ema v0 min_periods=1 alpha=" + std::string(alpha), "`alpha` must be a number in (0, 1]");
  }
}

void stores() {
  refused_line("store v0", "a store is `store vK OUTPUT`");
  refused_line("store v1 0", "a value that is defined before");
  refused_line("store 0 0", "a value is `vK` and must be defined before");
  refused_line("store v0 1", "the output number must be an integer from 0 to 0");
  refused(head() + "time\nv0 = input 0\nstore v0 0\nstore v0 0\n", "7", "an output may be stored once");
  refused("jqfast-plan 1\ninput stock close\noutputs 2\ntime\nv0 = input 0\nstore v0 1\n", "6",
          "every output must be stored");
}

void too_long() {
  std::string text = head() + "time\n";
  for (std::size_t i = 0; i <= jqfast::kMaxInstructions; ++i)
    text.append("v").append(std::to_string(i)).append(" = input 0\n");
  check(throws<PlanError>([&] { (void)decode_plan(text); }, "at most 65536 instructions"), "a limit of instructions");
}

void what_is_read() {
  const auto plan = decode_plan(
      "jqfast-plan 1\n\ninput stock close\ninput market vix\noutputs 2\ntime\n  v0  =  input 1\n"
      "v1 v2 = moments v0 give=std,mean min_periods=3 window=5\nv3 = add -inf v2\nstore v1 1\ncross\nv4 = cs_mean "
      "v3\nstore v4 0");
  check(plan.inputs.size() == 2 && plan.inputs[1].axis == jqfast::InputAxis::market && plan.inputs[1].name == "vix",
        "inputs");
  check(plan.outputs == 2 && plan.values == 5 && plan.stages.size() == 2 && plan.stages[1].cross, "stages");
  const auto& moments = plan.stages[0].instrs[1];
  check(moments.window == 5 && moments.min_periods == 3 && moments.first == 1, "parameters in any order");
  check(moments.give == std::vector<std::uint8_t>{3, 1}, "statistics in the order asked for");
  check(plan.stages[0].instrs[2].args[0].is_literal() && plan.stages[0].instrs[2].args[0].literal < -1e308,
        "a literal");
  check(plan.stages[0].stores[0].output == 1 && plan.stages[1].stores[0].value == 4, "stores");
  check(decode_plan(every_operation()).text == every_operation(), "the text is kept");
}

// Names are unique and facts consistent: the registry behind the tests.
void the_registry() {
  for (std::size_t i = 0; i < jqfast::kOpCount; ++i) {
    const auto op = static_cast<jqfast::Op>(i);
    const auto& f = jqfast::facts(op);
    check(!f.name.empty() && jqfast::find_op(f.name) == op, "the name finds its operation");
    check(f.args >= 1 && f.args <= 3 && f.literals < f.args, "numbers of arguments");
    check(f.give.empty() == ((f.params & jqfast::kGive) == 0), "statistics where `give` stands");
  }
  check(!jqfast::find_op("").has_value(), "no operation without a name");
}

}  // namespace

int main() {
  heads_and_stages();
  instructions();
  parameters();
  stores();
  too_long();
  what_is_read();
  the_registry();
  return report("plan");
}
