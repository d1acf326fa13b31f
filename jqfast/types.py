"""Array types and the letters that mean one thing everywhere.

T sessions, N stocks, F features, S samples, I inputs, O outputs, L sequence length, H hidden units, W window.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
Float32Array: TypeAlias = NDArray[np.float32]
BoolArray: TypeAlias = NDArray[np.bool_]
ByteArray: TypeAlias = NDArray[np.uint8]
IntArray: TypeAlias = NDArray[np.int64]
DateArray: TypeAlias = NDArray[np.datetime64]
CodeArray: TypeAlias = NDArray[np.str_]
AnyArray: TypeAlias = NDArray[Any]
