// LRP of one instruction set, gathered into its table. Included once by each of targets/lrp_*.cpp.
#pragma once

#include <memory>

#include "lrp_dense.inl.hpp"
#include "lrp_lstm_walk.inl.hpp"

namespace jqfast::JQFAST_TARGET {

// Also declared where the kernel table is filled.
const LrpKernels& lrp_kernels() noexcept;

const LrpKernels& lrp_kernels() noexcept {
  static const LrpKernels kernels = {
      [](const DenseNet<float>& net) -> std::unique_ptr<LrpPacked<float>> {
        return std::make_unique<lrp::DensePacked<float>>(net);
      },
      [](const DenseNet<double>& net) -> std::unique_ptr<LrpPacked<double>> {
        return std::make_unique<lrp::DensePacked<double>>(net);
      },
      [](const LstmNet<float>& net) -> std::unique_ptr<LrpPacked<float>> {
        return std::make_unique<lrp::LstmPacked<float>>(net);
      },
      [](const LstmNet<double>& net) -> std::unique_ptr<LrpPacked<double>> {
        return std::make_unique<lrp::LstmPacked<double>>(net);
      },
  };
  return kernels;
}

}  // namespace jqfast::JQFAST_TARGET
