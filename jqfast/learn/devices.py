"""Where training runs: which device is there, how many folds its memory takes, folds over several devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from jqfast.learn._jax_setup import jax
from jqfast.learn.config import Device

#: Share of the free memory that folds may take; the rest is for fragmentation and the compiler's own buffers.
_SHARE = 0.8

#: Folds at once where the device does not tell its memory, and the most that are worth having.
_UNKNOWN, _MOST = 64, 1024

_AXIS = "fold"

Epochs = TypeVar("Epochs", bound=Callable[..., Any])


def check_device(wanted: Device) -> None:
    """Raise ``ValueError`` unless JAX computes on the device that is asked for."""
    found = jax.default_backend()
    if wanted != "auto" and (found == "cpu") != (wanted == "cpu"):
        fix = (
            "Install JAX for it (`pip install 'jax[cuda12]'`) and see that `nvidia-smi` lists one, or leave "
            '`device = "auto"`.'
            if wanted == "gpu"
            else "Set JAX_PLATFORMS=cpu before Python starts."
        )
        raise ValueError(f"`device` asks for a {wanted.upper()}, but JAX finds only: {found}. {fix}")


def device_count() -> int:
    """Devices that folds are spread over."""
    return jax.device_count()


def describe() -> str:
    """The devices in words, such as ``2 x NVIDIA H100`` or ``cpu``."""
    found = jax.devices()
    return f"{len(found)} x {found[0].device_kind}" if len(found) > 1 else str(found[0].device_kind)


def over_devices(epochs: Epochs) -> Epochs:
    """A function of (state, source, scaler, turn), folds leading, with its folds spread over all devices."""
    if jax.device_count() == 1:
        return epochs
    fold, whole = _spec(_AXIS), _spec()
    return jax.shard_map(
        epochs, mesh=_mesh(), in_specs=(fold, whole, fold, fold), out_specs=fold, check_vma=False
    )


def everywhere() -> jax.sharding.Sharding | None:
    """The sharding of what all folds share: a copy on each device; None where there is one device."""
    if jax.device_count() == 1:
        return None
    return jax.sharding.NamedSharding(_mesh(), _spec())


def _spec(*axes: str) -> jax.sharding.PartitionSpec:
    return jax.sharding.PartitionSpec(*axes)  # type: ignore[no-untyped-call]  # JAX has no types for it


def _mesh() -> jax.sharding.Mesh:
    return jax.sharding.Mesh(jax.devices(), (_AXIS,))


def folds_that_fit(bytes_per_fold: int, folds: int) -> int:
    """How many folds to train at once: what the free memory of all devices takes, a multiple of their number.

    Parameters
    ----------
    bytes_per_fold : memory that one fold needs beside the data
    folds : folds there are
    """
    devices = jax.device_count()
    stats = jax.devices()[0].memory_stats() or {}
    each = _UNKNOWN
    if "bytes_limit" in stats:
        free = stats["bytes_limit"] - stats.get("bytes_in_use", 0)
        each = int(_SHARE * free / max(bytes_per_fold, 1))
    each = max(1, min(each, _MOST, -(-folds // devices)))
    return each * devices


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the device has no memory left; XLA has no class of its own for it."""
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)
