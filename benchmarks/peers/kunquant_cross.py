"""Operators across stocks that KunQuant leaves to its users, written in the C++ it compiles.

Each is plain loops over the date's finite values (x - x is 0 for those alone), as fast as its interface
allows. Groups are small whole numbers that arrive as a series.
"""

from __future__ import annotations

from KunQuant.Op import OpBase
from KunQuant.ops.MiscOp import GenericCrossSectionalOp

GROUPS = 64

_MOMENTS = """
        T total = 0; size_t n = 0;
        for (size_t i = 0; i < num_stocks; i++) { T x = input_0[i]; if (x - x == 0) { total += x; n++; } }
        const T mean = total / n;
"""
_SPREAD = """
        T square = 0;
        for (size_t i = 0; i < num_stocks; i++) { T d = input_0[i] - mean; if (d - d == 0) square += d * d; }
        const T sd = std::sqrt(square / (n - 1));
"""
_EACH = "for (size_t i = 0; i < num_stocks; i++) "
_GROUPED = f"""
        T total[{GROUPS}] = {{}}, square[{GROUPS}] = {{}}; size_t n[{GROUPS}] = {{}};
        for (size_t i = 0; i < num_stocks; i++) {{
            T x = input_0[i], g = input_1[i];
            if (x - x == 0 && g == g) {{ total[size_t(g)] += x; n[size_t(g)]++; }}
        }}
        for (size_t k = 0; k < {GROUPS}; k++) total[k] /= n[k];
"""


class _Cross(GenericCrossSectionalOp):
    """A cross-sectional operator given as the body of a function."""

    body = ""

    def __init__(self, *inputs: OpBase) -> None:
        super().__init__(list(inputs), None)

    def generate_head(self) -> str:
        return ""

    def generate_body(self) -> str:
        return self.body


class ZScore(_Cross):
    """(x - mean) / sd, ddof 1."""

    body = (
        f"{_MOMENTS}{_SPREAD} for (size_t i = 0; i < num_stocks; i++) output_0[i] = (input_0[i] - mean) / sd;"
    )


class Demean(_Cross):
    """x - mean."""

    body = f"{_MOMENTS}{_EACH}output_0[i] = input_0[i] - mean;"


class DemeanBy(_Cross):
    """x - mean of its group."""

    body = (
        f"{_GROUPED} for (size_t i = 0; i < num_stocks; i++)"
        " { T g = input_1[i]; output_0[i] = g == g ? input_0[i] - total[size_t(g)] : g; }"
    )


class ZScoreBy(_Cross):
    """(x - mean) / sd of its group, ddof 1."""

    body = f"""{_GROUPED}
        for (size_t i = 0; i < num_stocks; i++) {{
            T x = input_0[i], g = input_1[i];
            if (x - x == 0 && g == g) {{ T d = x - total[size_t(g)]; square[size_t(g)] += d * d; }}
        }}
        for (size_t k = 0; k < {GROUPS}; k++) square[k] = std::sqrt(square[k] / (n[k] - 1));
        for (size_t i = 0; i < num_stocks; i++) {{
            T g = input_1[i];
            output_0[i] = g == g ? (input_0[i] - total[size_t(g)]) / square[size_t(g)] : g;
        }}"""


class Winsorize(_Cross):
    """Clipped to the date's quantiles at 0.01 and 0.99, linear interpolation."""

    body = """
        std::vector<T> sorted; sorted.reserve(num_stocks);
        for (size_t i = 0; i < num_stocks; i++) { T x = input_0[i]; if (x - x == 0) sorted.push_back(x); }
        T low = NAN, high = NAN;
        if (!sorted.empty()) {
            auto at = [&sorted](double q) {
                const double place = q * double(sorted.size() - 1);
                const size_t k = size_t(place);
                std::nth_element(sorted.begin(), sorted.begin() + k, sorted.end());
                const T below = sorted[k];
                if (k + 1 == sorted.size()) return below;
                const T above = *std::min_element(sorted.begin() + k + 1, sorted.end());
                return T(below + (above - below) * (place - double(k)));
            };
            low = at(0.01); high = at(0.99);
        }
        for (size_t i = 0; i < num_stocks; i++) {
            T x = input_0[i];
            output_0[i] = x < low ? low : x > high ? high : x;
        }"""

    def __init__(self, x: OpBase, low: float, high: float) -> None:
        if (low, high) != (0.01, 0.99):
            raise ValueError(f"`low` and `high` must be 0.01 and 0.99 here; got {low} and {high}.")
        super().__init__(x)
