// LRP through LSTMs against the textbook: layers, pooling, redistribution, several heads, instruction sets.
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "../reference/lrp_lstm.hpp"
#include "check.hpp"
#include "jqfast/lrp.hpp"
#include "lrp_support.hpp"

namespace {

using namespace jqfast::test;
using jqfast::KernelTable;
using jqfast::LstmLayer;
using jqfast::LstmNet;
using jqfast::Pooling;

struct Shape {
  std::size_t length, inputs;
  std::vector<std::size_t> hidden;
  std::vector<std::size_t> head;  // widths after the last LSTM layer
};

template <class T>
struct Stack {
  std::vector<std::vector<T>> arrays;
  std::vector<LstmLayer<T>> layers;
  Net<T> head;
  std::vector<std::size_t> outputs;
  std::vector<T> query;
  LstmNet<T> net;
};

template <class T>
Stack<T> make_stack(const Shape& shape, Pooling pooling, T epsilon, bool redistribute, std::uint64_t seed) {
  Random random(seed);
  Stack<T> stack;
  std::size_t inputs = shape.inputs;
  for (const std::size_t H : shape.hidden) {
    stack.arrays.push_back(spread<T>(random, inputs * 4 * H, 0.8));
    stack.arrays.push_back(spread<T>(random, H * 4 * H, 0.8 / std::sqrt(static_cast<double>(H))));
    stack.arrays.push_back(spread<T>(random, 4 * H, 0.3));
    inputs = H;
  }
  inputs = shape.inputs;
  for (std::size_t l = 0; l < shape.hidden.size(); ++l) {
    stack.layers.push_back(
        {stack.arrays[3 * l], stack.arrays[3 * l + 1], stack.arrays[3 * l + 2], inputs, shape.hidden[l]});
    inputs = shape.hidden[l];
  }
  std::vector<std::size_t> sizes = shape.head;
  sizes.insert(sizes.begin(), shape.hidden.back());
  const auto rule = epsilon == T(0) ? jqfast::LrpRule::lrp0 : jqfast::LrpRule::epsilon;
  stack.head = make_net<T>(sizes, jqfast::Activation::tanh, rule, seed + 1);
  for (auto& layer : stack.head.layers) layer.rule.epsilon = epsilon;
  for (std::size_t k = 0; k < sizes.back(); ++k) stack.outputs.push_back(k);
  if (pooling == Pooling::attention) stack.query = spread<T>(random, shape.hidden.back(), 2.0);
  stack.net.length = shape.length;
  stack.net.pooling = pooling;
  stack.net.epsilon = epsilon;
  stack.net.head.redistribute = redistribute;
  return stack;
}

// The spans are set where the vectors have come to rest.
template <class T>
const LstmNet<T>& net_of(Stack<T>& stack) {
  stack.net.layers = stack.layers;
  stack.net.head.layers = stack.head.layers;
  stack.net.head.outputs = stack.outputs;
  stack.net.query = stack.query;
  return stack.net;
}

template <class T>
Answer<T> run(Stack<T>& stack, const std::vector<T>& x, unsigned threads, const KernelTable& kernels) {
  const std::size_t width = stack.net.length * stack.layers.front().inputs, samples = x.size() / width;
  Answer<T> answer(stack.outputs.size(), samples, width);
  jqfast::lrp_explain(net_of(stack), answer.arrays(x, samples), threads, kernels);
  return answer;
}

void compare(const Shape& shape, Pooling pooling, double epsilon, bool redistribute, std::uint64_t seed) {
  constexpr std::size_t kSamples = 7;
  Stack<double> stack = make_stack<double>(shape, pooling, epsilon, redistribute, seed);
  const std::size_t width = shape.length * shape.inputs;
  const std::vector<double> x = make_inputs<double>(kSamples, width, seed + 2);
  for (const KernelTable* kernels : all_kernels()) {
    const Answer<double> answer = run(stack, x, 2, *kernels);
    double worst = 0.0;
    for (std::size_t k = 0; k < stack.outputs.size(); ++k) {
      for (std::size_t s = 0; s < kSamples; ++s) {
        std::vector<jqfast::reference::Vector> sample;
        for (std::size_t t = 0; t < shape.length; ++t) {
          const auto first = x.begin() + static_cast<std::ptrdiff_t>(s * width + t * shape.inputs);
          sample.emplace_back(first, first + static_cast<std::ptrdiff_t>(shape.inputs));
        }
        const auto by_book = jqfast::reference::lrp_lstm(net_of(stack), sample, k);
        double scale = std::abs(by_book.prediction) + std::abs(by_book.initial) + 1e-12;
        for (const auto& session : by_book.relevance)
          for (const double r : session) scale = std::max(scale, std::abs(r));
        const std::size_t at = k * kSamples + s;
        for (std::size_t i = 0; i < width; ++i)
          worst = std::max(worst, std::abs(answer.relevance[at * width + i] -
                                           by_book.relevance[i / shape.inputs][i % shape.inputs]) /
                                      scale);
        worst = std::max(worst, std::abs(answer.prediction[at] - by_book.prediction) / scale);
        worst = std::max(worst, std::abs(answer.initial[at] - by_book.initial) / scale);
        worst = std::max(worst, std::abs((answer.residual[at] - by_book.residual) * by_book.prediction) / scale);
      }
    }
    check(worst < 1e-9,
          std::string(kernels->isa) + ": seed " + std::to_string(seed) + " differs by " + std::to_string(worst));
  }
}

void against_the_textbook() {
  const std::vector<Shape> shapes = {
      {1, 1, {1}, {1}}, {4, 3, {5}, {2}}, {9, 17, {16}, {1}}, {6, 2, {3, 7}, {4, 2}}, {5, 4, {8, 3, 18}, {1}}};
  std::uint64_t seed = 0;
  for (const Shape& shape : shapes)
    for (const Pooling pooling : {Pooling::last, Pooling::mean, Pooling::attention})
      for (const double epsilon : {1e-3, 0.0})
        for (const bool redistribute : {false, true}) compare(shape, pooling, epsilon, redistribute, ++seed);
}

void threads_strips_and_missing() {
  const Shape shape{12, 5, {20}, {1}};
  Stack<float> stack = make_stack<float>(shape, Pooling::last, 1e-3F, false, 5);
  std::vector<float> x = make_inputs<float>(111, 60, 3);
  x[60 * 40 + 7] = std::numeric_limits<float>::infinity();
  const Answer<float> one = run(stack, x, 1, jqfast::baseline_kernels());
  const Answer<float> five = run(stack, x, 5, jqfast::baseline_kernels());
  for (std::size_t s = 0; s < 111; ++s) {
    const std::vector<float> own(x.begin() + static_cast<std::ptrdiff_t>(60 * s),
                                 x.begin() + static_cast<std::ptrdiff_t>(60 * (s + 1)));
    const Answer<float> alone = run(stack, own, 1, jqfast::baseline_kernels());
    for (std::size_t i = 0; i < 60; ++i) {
      check(std::isnan(one.relevance[60 * s + i]) == (s == 40), "an infinite input blanks its sample and no other");
      check(s == 40 || (one.relevance[60 * s + i] == five.relevance[60 * s + i] &&
                        one.relevance[60 * s + i] == alone.relevance[i]),
            "neither threads nor neighbours change a bit");
    }
  }
}

void wrong_arguments() {
  using Error = std::invalid_argument;
  const Shape shape{3, 2, {4}, {1}};
  const std::vector<double> x(12, 0.5);
  const auto refused = [&](auto change, const char* text) {
    Stack<double> stack = make_stack<double>(shape, Pooling::last, 1e-3, false, 1);
    change(stack);
    return throws<Error>([&] { run(stack, x, 1, jqfast::baseline_kernels()); }, text);
  };
  using S = Stack<double>;
  check(refused([](S& s) { s.layers[0].hidden = 5; }, "`W_x`"), "weights of the wrong size");
  check(refused([](S& s) { s.layers[0].bias = s.layers[0].bias.first(8); }, "`b`"), "a short bias");
  check(refused([](S& s) { s.head.layers[0].inputs = 2; }, "layer 0"), "a head that does not fit");
  check(refused([](S& s) { s.outputs = {1}; }, "`output`"), "a head that is not there");
  check(refused([](S& s) { s.net.epsilon = -1.0; }, "`epsilon`"), "a negative epsilon");
  check(refused([](S& s) { s.net.pooling = Pooling::attention; }, "`query`"), "attention without a query");
  check(refused([](S& s) { s.head.layers[0].rule.rule = jqfast::LrpRule::zbox; }, "zbox"), "zbox in a head");
}

}  // namespace

int main() {
  against_the_textbook();
  threads_strips_and_missing();
  wrong_arguments();
  return report("lrp_lstm");
}
