// What an instruction set gives to LRP: nets with their weights packed for it, and walks of samples through them.
#pragma once

#include <cstddef>
#include <memory>

#include "jqfast/lrp.hpp"

namespace jqfast {

// Some samples; the arrays of head k lie `heads` samples behind those of head k - 1.
template <class T>
struct LrpBatch {
  const T* x = nullptr;
  std::size_t count = 0;
  std::size_t heads = 0;
  const T* start = nullptr;  // null: the heads' values
  T* relevance = nullptr;
  std::size_t relevance_heads = 0;  // the same distance for `relevance` alone
  T* residual = nullptr;            // this and the two below may be null
  T* prediction = nullptr;
  T* initial = nullptr;
};

// A thread's way through a net, with its scratch.
template <class T>
class LrpWalk {
 public:
  LrpWalk() = default;
  LrpWalk(const LrpWalk&) = delete;
  LrpWalk& operator=(const LrpWalk&) = delete;
  virtual ~LrpWalk() = default;

  // Returns the first sample with a non-finite input or start, or `count`.
  virtual std::size_t run(const LrpBatch<T>& batch) = 0;
};

// A net packed for an instruction set; shared by all threads.
template <class T>
class LrpPacked {
 public:
  LrpPacked() = default;
  LrpPacked(const LrpPacked&) = delete;
  LrpPacked& operator=(const LrpPacked&) = delete;
  virtual ~LrpPacked() = default;

  [[nodiscard]] virtual std::unique_ptr<LrpWalk<T>> walk() const = 0;
  [[nodiscard]] virtual std::size_t strip() const = 0;  // samples that go through the net together
};

struct LrpKernels {
  std::unique_ptr<LrpPacked<float>> (*dense_f32)(const DenseNet<float>&) = nullptr;
  std::unique_ptr<LrpPacked<double>> (*dense_f64)(const DenseNet<double>&) = nullptr;
  std::unique_ptr<LrpPacked<float>> (*lstm_f32)(const LstmNet<float>&) = nullptr;
  std::unique_ptr<LrpPacked<double>> (*lstm_f64)(const LstmNet<double>&) = nullptr;
};

}  // namespace jqfast
