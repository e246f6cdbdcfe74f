"""One process or several: what torchrun starts, and what a single start leaves out."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from d2f.errors import UsageError

__all__ = ["Process", "joined_processes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """This process among those of the run."""

    rank: int
    world: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this one writes the files."""
        return self.rank == 0

    def shared(self, module: nn.Module) -> nn.Module:
        """The module, its gradients averaged over all processes after each step."""
        if self.world == 1:
            return module
        if self.device.type == "cuda":  # torch has no synchronised statistics for CPUs
            module = nn.SyncBatchNorm.convert_sync_batchnorm(module)  # type: ignore[no-untyped-call]
            return DistributedDataParallel(module, device_ids=[self.device])
        return DistributedDataParallel(module)

    def mean(self, values: Mapping[str, Tensor]) -> dict[str, float]:
        """Each value averaged over all processes."""
        stacked = torch.stack([value.detach().float() for value in values.values()])
        if self.world > 1:
            distributed.all_reduce(stacked)
            stacked /= self.world
        return dict(zip(values, stacked.tolist(), strict=True))

    def agreed(self, value: float) -> float:
        """The first process's value: clocks differ, and all must stop at the same step."""
        if self.world == 1:
            return value
        told = torch.tensor(value, dtype=torch.float64, device=self.device)
        distributed.broadcast(told, src=0)
        return float(told)


@contextmanager
def joined_processes(*, threads: int) -> Iterator[Process]:
    """Join the processes that torchrun started, or stand alone.

    Parameters
    ----------
    threads : int
        CPU threads of each process.

    Raises
    ------
    UsageError
        If there are more processes than devices.
    """
    torch.set_num_threads(threads)
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    local = int(os.environ.get("LOCAL_RANK", 0))
    device = torch.device("cpu")
    if torch.cuda.is_available():
        if local >= torch.cuda.device_count():
            raise UsageError(
                f"process {local} has no device, there are {torch.cuda.device_count()}: "
                "start torchrun with fewer --nproc-per-node."
            )
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    if world == 1:
        yield Process(rank=0, world=1, device=device)
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Process(rank=rank, world=world, device=device)
    finally:
        distributed.destroy_process_group()
