"""Prints the polynomials and constants of kernels/elementary, normal_quantile and lrp_activations.

    python cpp/tests/coefficients.py        (needs mpmath)

Each is the ratio of polynomials that meets the function at the Chebyshev nodes of its interval, computed with
50 digits; `as doubles` is its error with the coefficients rounded, which is what the kernel adds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import mpmath as mp

mp.mp.dps = 50
Function = Callable[[mp.mpf], mp.mpf]


def write(line: str) -> None:
    sys.stdout.write(line + "\n")


def fit(f: Function, low: mp.mpf, high: mp.mpf, top: list[int], bottom: list[int]) -> tuple[list, list]:
    """N and Q with N(t) / Q(t) = f(t) at the nodes; `top` and `bottom` name their powers, Q(0) = 1."""
    size = len(top) + len(bottom)
    nodes = [(low + high + (high - low) * mp.cos((2 * i + 1) * mp.pi / (2 * size))) / 2 for i in range(size)]
    rows = [[t**k for k in top] + [-f(t) * t**k for k in bottom] for t in nodes]
    found = list(mp.lu_solve(mp.matrix(rows), mp.matrix([f(t) for t in nodes])))
    return found[: len(top)], found[len(top) :]


def error(f: Function, low: mp.mpf, high: mp.mpf, top: dict, bottom: dict) -> str:
    """log2 of the largest error on a grid."""
    worst = mp.mpf(0)
    for i in range(101):
        t = low + (high - low) * i / 100
        n = sum(c * t**k for k, c in top.items())
        q = 1 + sum(c * t**k for k, c in bottom.items())
        worst = max(worst, abs(n / q - f(t)))
    return mp.nstr(mp.log(worst, 2), 4)


def show(name: str, f: Function, low: object, high: object, top: list[int], bottom: list[int]) -> None:
    low, high = mp.mpf(low), mp.mpf(high)
    n, q = fit(f, low, high, top, bottom)
    rounded = [[mp.mpf(float(c)) for c in side] for side in (n, q)]
    exact = error(f, low, high, dict(zip(top, n, strict=True)), dict(zip(bottom, q, strict=True)))
    kept = error(
        f, low, high, dict(zip(top, rounded[0], strict=True)), dict(zip(bottom, rounded[1], strict=True))
    )
    write(f"{name}: error {exact}, as doubles {kept}")
    for side in rounded:
        write("    " + ", ".join(repr(float(c)) for c in side))


def constant(name: str, value: mp.mpf) -> None:
    high = mp.mpf(float(value))
    write(f"{name}: {float(high)!r} + {float(value - high)!r}")


def exp_cubic(r: mp.mpf) -> mp.mpf:
    return mp.hyp1f1(1, 4, r) / 6  # (e^r - 1 - r - r^2 / 2) / r^3


def artanh_rest(z: mp.mpf) -> mp.mpf:
    return (
        mp.hyp2f1(1, mp.mpf(7) / 2, mp.mpf(9) / 2, z) / 7
    )  # (artanh(s) / s - 1 - z/3 - z^2/5) / z^3, z = s^2


def newton(z: mp.mpf, miss: Function, sign: int) -> mp.mpf:
    """The root of miss(z), whose derivative is sign times the normal density (Halley's step)."""
    for _ in range(60):
        w = sign * miss(z) / mp.npdf(z)
        step = w / (1 + z * w / 2)
        z -= step
        if abs(step) < mp.mpf(10) ** -44 * abs(z):
            break
    return z


def near_half(u: mp.mpf) -> mp.mpf:
    """R(u) with quantile(1/2 + q) = q R(q^2)."""
    if u == 0:
        return mp.sqrt(2 * mp.pi)
    q = mp.sqrt(u)
    return newton(q * mp.sqrt(2 * mp.pi), lambda z: mp.erf(z / mp.sqrt(2)) / 2 - q, 1) / q


def tail(r: mp.mpf) -> mp.mpf:
    """C(r) with quantile(1 - p) = r - C(r), r = sqrt(-2 ln p)."""
    p = mp.exp(-r * r / 2)
    start = r - mp.mpf("0.5") if r > 2 else mp.mpf("0.7")
    return r - newton(start, lambda z: mp.erfc(z / mp.sqrt(2)) / 2 - p, -1)


def levelled(f: Function, nodes: list, top: int, bottom: int) -> tuple[list, list, mp.mpf]:
    """N and Q of degrees `top` and `bottom`, Q(0) = 1, and their largest relative error over the nodes.

    That is kept small by least squares, weighted anew where the error was large (Lawson's iteration).
    """
    weights = [mp.mpf(1)] * len(nodes)
    best: tuple[list, list, mp.mpf] = ([], [], mp.inf)
    below = [mp.mpf(1)] * len(nodes)
    for _ in range(40):
        rows = [
            [scale * t**k for k in range(top + 1)] + [-scale * f(t) * t**k for k in range(1, bottom + 1)]
            for t, scale in (
                (t, mp.sqrt(w) / (f(t) * q)) for t, w, q in zip(nodes, weights, below, strict=True)
            )
        ]
        right = [mp.sqrt(w) / q for w, q in zip(weights, below, strict=True)]
        found, _ = mp.qr_solve(mp.matrix(rows), mp.matrix(right))
        n, q = list(found[: top + 1]), [mp.mpf(1), *found[top + 1 :]]
        below = [mp.polyval(q[::-1], t) for t in nodes]
        errors = [abs(mp.polyval(n[::-1], t) / (b * f(t)) - 1) for t, b in zip(nodes, below, strict=True)]
        if max(errors) < best[2]:
            best = (n, q, max(errors))
        weights = [w * (e / max(errors) + mp.mpf("1e-3")) for w, e in zip(weights, errors, strict=True)]
        mean = sum(weights) / len(weights)
        weights = [w / mean for w in weights]
    return best


def tanh_float() -> None:
    """tanh x / x in x^2 up to x = 9.02, for float32."""
    high = mp.mpf("9.02") ** 2
    nodes = [high * mp.cos(mp.pi * (2 * i + 1) / 480) ** 2 for i in range(120)]
    n, q, worst = levelled(lambda u: mp.tanh(mp.sqrt(u)) / mp.sqrt(u), nodes, 6, 3)
    write(f"tanh in float32: P, Q in x^2, relative error 2^{mp.nstr(mp.log(worst, 2), 4)}")
    for name, values in (("P", n), ("Q", q)):
        write(f"  {name} " + ", ".join(mp.nstr(v, 10) for v in values))


def main() -> None:
    tanh_float()
    half_ln2 = mp.log(2) / 2 * mp.mpf("1.0001")
    show("exp_cubic", exp_cubic, -half_ln2, half_ln2, list(range(10)), [])
    most = (mp.sqrt(2) - 1) ** 4 * mp.mpf("1.0001")
    show("log_pair", artanh_rest, 0, most, list(range(7)), [])
    constant("1/3", mp.mpf(1) / 3)
    pieces = (
        ("near half", near_half, 0, "0.06250625", "0.03125", 6, 5),
        ("tail to 2.5", tail, "1.66", "2.5", "1.875", 5, 5),
        ("tail to 4", tail, "2.5", 4, "2.75", 5, 6),
        ("tail to 10", tail, 4, 10, "5", 8, 8),
        ("tail to the end", tail, 10, 38.7, "12", 8, 8),
    )
    for name, f, low, high, at, top, bottom in pieces:
        centre = mp.mpf(at)
        value = f(centre)
        constant(f"{name}, value at {at}", value)
        ends = mp.mpf(low) - centre, mp.mpf(high) - centre
        show(
            name,
            lambda t, f=f, c=centre, v=value: f(c + t) - v,
            *ends,
            list(range(1, top + 1)),
            list(range(1, bottom + 1)),
        )


if __name__ == "__main__":
    main()
