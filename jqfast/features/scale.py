"""How a value grows when yen, shares or split factors are rescaled: the algebra behind the unit checks.

A `Scale` holds the exponents of (yen, shares, split factor). A price is yen per share and doubles when the
split basis halves, a volume does the opposite, their product does not care. `log` turns exponents into an
additive `shift`, so that ``log(close) - log(lag(close, 1))`` is known to be free of both. ``None`` means
that a value has no single scale (``close + 1``): it can be computed, but never declared as a feature.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

Exponents: TypeAlias = tuple[float, float, float]

ZERO: Exponents = (0.0, 0.0, 0.0)


class Scale(NamedTuple):
    """Exponents of (yen, shares, split factor), and the same exponents inside a logarithm."""

    power: Exponents = ZERO
    shift: Exponents = ZERO
    anything: bool = False  # the literals 0, nan and inf fit beside every unit

    @property
    def degree(self) -> float:
        """Exponent of the split factor."""
        return self.power[2]

    @property
    def plain(self) -> bool:
        """True when no rescaling of any kind changes the value."""
        return self.power == ZERO and self.shift == ZERO

    @property
    def split_free(self) -> bool:
        """True when a change of the split basis leaves the value alone."""
        return self.power[2] == 0.0 and self.shift[2] == 0.0


PLAIN = Scale()
ANY = Scale(anything=True)

#: Units a column can be declared with. `raw_price` and `raw_shares` are on the basis of their own day.
UNITS: dict[str, Scale] = {
    "price": Scale((1.0, -1.0, 1.0)),
    "shares": Scale((0.0, 1.0, -1.0)),
    "yen": Scale((1.0, 0.0, 0.0)),
    "split": Scale((0.0, 0.0, -1.0)),
    "raw_price": Scale((1.0, -1.0, 0.0)),
    "raw_shares": Scale((0.0, 1.0, 0.0)),
    "none": PLAIN,
}


def add(a: Exponents, b: Exponents, times: float = 1.0) -> Exponents:
    """``a + times * b`` by component."""
    return (a[0] + times * b[0], a[1] + times * b[1], a[2] + times * b[2])


def times(a: Exponents, factor: float) -> Exponents:
    """``factor * a`` by component."""
    return add(ZERO, a, factor)


def common(scales: Iterable[Scale | None]) -> Scale | None:
    """The scale all of them share, ``ANY`` when none has one, None when they differ or one is unknown."""
    found: Scale | None = ANY
    for scale in scales:
        if scale is None:
            return None
        if scale.anything:
            continue
        if found is not None and found.anything:
            found = scale
        elif scale != found:
            return None
    return found


def unit_name(scale: Scale | None) -> str:
    """The unit in words: ``yen per share``, ``shares``, ``yen``, ``number``, ``log of ...`` or ``mixed``."""
    if scale is None:
        return "mixed"
    if scale.shift != ZERO:
        return f"log of {unit_name(Scale(scale.shift))}"
    yen, shares, split = scale.power
    over = [_factor(n, e) for n, e in (("yen", yen), ("shares", shares)) if e > 0]
    under = [_factor(n, -e) for n, e in (("yen", yen), ("share", shares)) if e < 0]
    if not over and not under:
        return "split factor" if split else "number"
    text = " x ".join(over) or "1"
    return f"{text} per {' and '.join(under)}" if under else text


def _factor(name: str, exponent: float) -> str:
    return name if exponent == 1.0 else f"{name}^{exponent:g}"
