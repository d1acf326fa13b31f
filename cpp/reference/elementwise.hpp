// One cell of every elementwise instruction, with the C library's functions in long double.
#pragma once

#include "jqfast/opcodes.hpp"
#include "window.hpp"

namespace jqfast::reference {

inline Judged rounded(long double value) {
  const auto v = static_cast<double>(value);
  return {v, std::isfinite(v) ? std::fabs(v) : 0.0};
}

inline double flag(bool holds, bool missing) { return missing ? kNaN : holds ? 1.0 : 0.0; }

// x^y as IEEE 754 has it, but for the square root: (-0)^0.5 = -0 and (-inf)^0.5 = NaN.
inline Judged power(double x, double y) {
  if (y == 0.5) return {std::sqrt(x), 0.0};
  return rounded(std::pow(static_cast<long double>(x), static_cast<long double>(y)));
}

inline Judged comparison(Op op, double x, double y) {
  const bool missing = std::isnan(x) || std::isnan(y);
  switch (op) {
    case Op::lt: return {flag(x < y, missing)};
    case Op::le: return {flag(x <= y, missing)};
    case Op::gt: return {flag(x > y, missing)};
    case Op::ge: return {flag(x >= y, missing)};
    case Op::eq: return {flag(x == y, missing)};
    case Op::ne: return {flag(x != y, missing)};
    case Op::logical_and: return {flag(x != 0.0 && y != 0.0, missing)};
    case Op::logical_or: return {flag(x != 0.0 || y != 0.0, missing)};
    case Op::logical_not: return {flag(x == 0.0, std::isnan(x))};
    case Op::isnan: return {flag(std::isnan(x), false)};
    default: return {};
  }
}

inline Judged choice(Op op, double x, double y, double z) {
  const bool missing = std::isnan(x) || std::isnan(y);
  switch (op) {
    case Op::minimum: return {missing ? kNaN : y < x ? y : x};
    case Op::maximum: return {missing ? kNaN : y > x ? y : x};
    case Op::fmin: return {std::isnan(x) ? y : std::isnan(y) || x <= y ? x : y};
    case Op::fmax: return {std::isnan(x) ? y : std::isnan(y) || x >= y ? x : y};
    case Op::where: return {std::isnan(x) ? kNaN : x != 0.0 ? y : z};
    case Op::fill: return {std::isnan(x) ? y : x};
    case Op::clip: return {x < y ? y : x > z ? z : x};
    default: return comparison(op, x, y);
  }
}

inline Judged elementwise(Op op, double x, double y = 0.0, double z = 0.0) {
  const long double wide = x;
  switch (op) {
    case Op::add: return {x + y};
    case Op::sub: return {x - y};
    case Op::mul: return {x * y};
    case Op::div: return {x / y};
    case Op::neg: return {-x};
    case Op::abs: return {std::fabs(x)};
    case Op::sqrt: return {std::sqrt(x)};
    case Op::sign: return {std::isnan(x) ? kNaN : x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : 0.0};
    case Op::log: return rounded(std::log(wide));
    case Op::exp: return rounded(std::exp(wide));
    case Op::tanh: return rounded(std::tanh(wide));
    case Op::power: return power(x, y);
    default: return choice(op, x, y, z);
  }
}

}  // namespace jqfast::reference
