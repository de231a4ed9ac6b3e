"""Whether a device that a user names is one, and is here, before any work is begun."""

from __future__ import annotations

from facet.errors import ConfigError


def check_device(name: str | None) -> None:
    """Refuse a device on which nothing could run.

    Args:
        name: Such as cpu or cuda:0; None and an empty name leave the choice to others.

    Raises:
        ConfigError: Torch knows no such device, or it is not in this machine.
    """
    if not name:
        return
    import torch

    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"There is no device {name!r}; give cpu, or a GPU as cuda:0.") from error
    num_gpus = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= num_gpus:
        raise ConfigError(
            f"The device {name} is not here, where torch finds {num_gpus} GPUs: give another one, "
            "or see with `facet doctor` what is wrong."
        )
