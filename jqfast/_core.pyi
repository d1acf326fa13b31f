"""The compiled part of jqfast: plan execution and layer-wise relevance propagation."""

from collections.abc import Sequence
from typing import Any

from jqfast.types import AnyArray, BoolArray, ByteArray, IntArray

class Plan:
    """A checked plan, ready to run. Immutable; any number of threads may run it."""

    def __init__(self, text: str) -> None: ...
    @property
    def text(self) -> str: ...
    @property
    def outputs(self) -> int: ...
    @property
    def lookback(self) -> int: ...

class Session:
    """A plan that goes on where it stopped; calls from several threads wait for each other."""

    def __init__(self, plan: Plan, stocks: int) -> None: ...
    @property
    def stocks(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def state_bytes(self) -> int: ...
    @property
    def saved_size(self) -> int: ...
    def feed(
        self,
        inputs: Sequence[AnyArray],
        rows: IntArray,
        out: AnyArray,
        layout: str,
        threads: int,
        *,
        chunk: int = 0,
        width: int = 0,
    ) -> dict[str, int]: ...
    def save(self, to: AnyArray) -> None: ...
    @staticmethod
    def load(plan: Plan, saved: AnyArray) -> Session: ...

def run(
    plan: Plan,
    inputs: Sequence[AnyArray],
    rows: IntArray,
    out: AnyArray,
    layout: str,
    threads: int,
    *,
    chunk: int = 0,
    width: int = 0,
) -> dict[str, int]: ...
def operators() -> list[str]: ...
def asof(
    stock: IntArray,
    row: IntArray,
    order: IntArray,
    since: IntArray,
    values: AnyArray,
    *,
    out: AnyArray,
    ages: AnyArray | None = None,
    listed: AnyArray | None = None,
    first: int = 0,
    max_age: int | None = None,
    record: bool = False,
    threads: int = 1,
) -> None: ...
def scatter(
    values: AnyArray,
    *,
    kept: AnyArray | None,
    place: IntArray,
    moved: AnyArray,
    factor: AnyArray,
    times: float,
    out: AnyArray,
) -> None: ...
def build_info() -> dict[str, Any]: ...
def pages(bytes: int) -> ByteArray: ...
def keep_pages(limit: int) -> None: ...
def kept_pages() -> tuple[int, int]: ...
def least_squares(
    y: AnyArray,
    q: AnyArray,
    known: BoolArray,
    back: AnyArray,
    lags: IntArray | None,
    *,
    small_sample: bool,
    coefficients: AnyArray,
    covariance: AnyArray,
    n: IntArray,
    rss: AnyArray,
    tss: AnyArray,
    threads: int = 1,
) -> None: ...

class LrpNet:
    @property
    def width(self) -> int: ...
    @property
    def heads(self) -> int: ...

def lrp_dense_net(
    layers: Sequence[tuple[AnyArray, AnyArray, str, str, float, float, float, float, bool]],
    *,
    outputs: Sequence[int],
    redistribute: bool = False,
    low: AnyArray | None = None,
    high: AnyArray | None = None,
) -> LrpNet: ...
def lrp_lstm_net(
    layers: Sequence[tuple[AnyArray, ...]],
    head: Sequence[tuple[AnyArray, AnyArray, str, str, float, float, float, float, bool]],
    *,
    length: int,
    pooling: str = "last",
    query: AnyArray | None = None,
    epsilon: float = 1e-3,
    outputs: Sequence[int],
    redistribute: bool = False,
) -> LrpNet: ...
def lrp_run(
    jobs: Sequence[
        tuple[
            LrpNet,
            AnyArray,
            AnyArray | None,
            AnyArray | None,
            AnyArray | None,
            AnyArray | None,
            AnyArray | None,
        ]
    ],
    *,
    threads: int = 1,
) -> list[int]: ...
def lrp_means(
    net: LrpNet,
    x: AnyArray,
    groups: AnyArray,
    sum: AnyArray,
    size: AnyArray,
    *,
    residual: AnyArray | None = None,
    prediction: AnyArray | None = None,
    start: AnyArray | None = None,
    threads: int = 1,
) -> int: ...
def activation_names() -> list[str]: ...
def lrp_rule_names() -> list[str]: ...
