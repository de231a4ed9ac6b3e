"""Whether compiling a whole training step pays on the CPU.

    python benchmarks/compiled_step.py [--data ../shared/data] [--static]

Loss and its slopes by all weights, with forces and stress inside, are traced to one graph and
compiled with inductor. Layouts of neighbors, whose shapes depend on data, are made beforehand.
``--static`` burns the shapes of one batch in, which bounds what compiling could gain; without it
one graph serves all batches. CPU seconds in turns: the step as it is, traced, and compiled.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
import torch
import torch.fx.experimental._config as shape_config
from torch._functorch.compile_utils import fx_graph_cse
from torch._inductor.compile_fx import compile_fx
from torch.func import functional_call
from torch.fx.experimental.proxy_tensor import make_fx

from facet.checkpoint import load
from facet.derivatives import energy_forces_stress
from facet.graph.batch import GraphBatch
from facet.graph.neighbors import build_batch
from facet.memory import keep_freed_memory
from facet.nn import contraction, convolution, network
from facet.nn.neighborhoods import Layout
from facet.training.labels import read_shards
from facet.training.loss import LossWeights, Targets, total_loss

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from facet.nn.network import FacetNetwork

BATCHES, BATCH_SIZE, ROUNDS, NUM_GROUPS = 20, 16, 4, 3
TOLERANCE = 1e-4  # relative difference of slopes in single precision

Step = tuple[GraphBatch, Targets]


def main() -> None:
    """Trace, compile, compare and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--static", action="store_true", help="burn in the shapes of one batch")
    given = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    net = load("facet-s", dtype=torch.float32).network.requires_grad_()
    steps = read_steps(given.data, 1 if given.static else BATCHES, net.config.cutoff)
    inputs = [traced_inputs(net, *each) for each in steps]
    shape_config.use_duck_shape = False  # sizes that agree by chance in one batch do not in others
    begin = perf_counter()
    traced = trace(net, inputs[0], "fake" if given.static else "symbolic")
    holders = [each.meta["val"] for each in traced.graph.nodes if each.op == "placeholder"]
    with torch.no_grad():
        compiled = compile_fx(traced, inputs[0] if given.static else holders)
    print(f"traced and compiled {len(traced.graph.nodes)} nodes in {perf_counter() - begin:.0f} s")
    compare(net, steps, inputs, {"traced": traced, "compiled": compiled})


def read_steps(data: Path, count: int, cutoff: float) -> list[Step]:
    """Make random batches of the labels."""
    frames = read_shards(sorted((data / "labels").glob("labels-*.npz"))[:2])
    chosen = np.random.default_rng(0).permutation(len(frames))[: count * BATCH_SIZE]
    steps = []
    for numbers in chosen.reshape(count, BATCH_SIZE):
        some = list(frames.frames(numbers))
        batch = build_batch([each.crystal for each in some], cutoff, torch.float32)
        targets = Targets(
            torch.tensor([each.energy for each in some], dtype=torch.float64),
            torch.as_tensor(np.concatenate([each.forces for each in some])),
            torch.as_tensor(np.stack([each.stress for each in some])),
        )
        steps.append((batch, targets))
    return steps


def eager_step(net: FacetNetwork, batch: GraphBatch, targets: Targets) -> list[Tensor]:
    """Loss and its slopes by all weights, as the training loop finds them."""
    prediction = energy_forces_stress(net, batch, create_graph=True)
    loss = total_loss(prediction, targets, batch, LossWeights())
    return [loss.detach(), *torch.autograd.grad(loss, [*net.parameters()])]


def traced_inputs(net: FacetNetwork, batch: GraphBatch, targets: Targets) -> list[Tensor]:
    """All that the traced step reads: weights, buffers, batch, labels, and the layout."""
    return [
        *[each.detach() for each in net.parameters()],
        *net.buffers(),
        *[getattr(batch, each.name) for each in fields(GraphBatch)],
        *[getattr(targets, each.name) for each in fields(Targets)],
        *equal_groups(batch.edge_index, batch.num_atoms),
    ]


def equal_groups(edge_index: Tensor, num_atoms: int) -> list[Tensor]:
    """Order, rank, slots and neighbors in groups of one size, filled up with copies of atom 0."""
    center, neighbor = edge_index
    degree = torch.bincount(center, minlength=num_atoms)
    first = torch.cumsum(degree, 0) - degree
    order = torch.argsort(degree, stable=True)
    size = -(-num_atoms // NUM_GROUPS)
    ghosts = order.new_zeros(NUM_GROUPS * size - num_atoms)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(num_atoms) + len(ghosts)
    padded_rank = torch.cat((rank[neighbor], rank.new_zeros(1)))
    slots = []
    begins, counts = torch.cat((ghosts, first[order])), torch.cat((ghosts, degree[order]))
    for begin, count in zip(begins.split(size), counts.split(size), strict=True):
        columns = torch.arange(max(2, int(count.max())))
        slots.append(torch.where(columns < count[:, None], begin[:, None] + columns, len(center)))
    return [torch.cat((ghosts, order)), rank, *slots, *[padded_rank[each] for each in slots]]


def trace(net: FacetNetwork, inputs: Sequence[Tensor], mode: str) -> torch.fx.GraphModule:
    """Record one step as a graph of plain operators, repeated and dead ones gone."""
    names, buffers = [*dict(net.named_parameters())], [*dict(net.named_buffers())]

    def step(*tensors: Tensor) -> list[Tensor]:
        rest = iter(tensors)
        weights = [next(rest).detach().requires_grad_() for _ in names]
        state = dict(zip(names, weights, strict=True)) | {name: next(rest) for name in buffers}
        batch = TracedBatch(*[next(rest) for _ in fields(GraphBatch)])
        targets = Targets(*[next(rest) for _ in fields(Targets)])
        order, rank, *groups = rest
        layout = Layout(order, rank, tuple(groups[:NUM_GROUPS]), tuple(groups[NUM_GROUPS:]))
        with patch.object(network, "arrange", lambda *_: layout):
            prediction = energy_forces_stress(
                lambda *given: functional_call(net, state, given), batch, create_graph=True
            )
        loss = total_loss(prediction, targets, batch, LossWeights())
        return [loss.detach(), *[x.detach() for x in torch.autograd.grad(loss, weights)]]

    with ExitStack() as stack:
        for module in (contraction, convolution, network):  # what ``len`` returns is burnt in
            stack.enter_context(patch.object(module, "len", extent, create=True))
        traced = make_fx(step, tracing_mode=mode, _allow_non_fake_inputs=True)(*inputs)
    traced.graph = fx_graph_cse(traced.graph)
    traced.graph.eliminate_dead_code()
    traced.recompile()
    return traced


def extent(values: Any) -> Any:  # noqa: ANN401 (as ``len``)
    """Stand in for ``len``, leaving symbols as they are."""
    return values.shape[0] if torch.is_tensor(values) else len(values)


class TracedBatch(GraphBatch):
    """A batch whose properties have shapes that do not depend on data."""

    @property
    def atoms_per_structure(self) -> Tensor:
        """Number of atoms in each structure."""
        owner = self.structure_index
        return owner.new_zeros(self.num_structures).index_add(0, owner, torch.ones_like(owner))


def compare(
    net: FacetNetwork, steps: list[Step], inputs: list[list[Tensor]], others: dict[str, Any]
) -> None:
    """Print how far slopes differ, and CPU seconds in turns."""
    seconds: dict[str, list[float]] = {name: [] for name in ("eager", *others)}
    for turn in range(ROUNDS * BATCHES // len(steps)):
        for step, given in zip(steps, inputs, strict=True):
            begin = process_time()
            known = eager_step(net, *step)
            seconds["eager"].append(process_time() - begin)
            for name, function in others.items():
                begin = process_time()
                found = function(*given)
                seconds[name].append(process_time() - begin)
                if turn == 0 and worst(found, known) > TOLERANCE:
                    print(f"{name}: slopes differ by {worst(found, known):.1e}")
    for name, values in seconds.items():
        ratio = np.median(np.array(seconds["eager"]) / values)
        print(f"{name:9s} {1000 * np.median(values):6.1f} ms a step, eager takes {ratio:.2f} times")


def worst(found: Sequence[Tensor], known: Sequence[Tensor]) -> float:
    """Largest relative difference of a tensor, tiny ones measured against the largest."""
    floor = 1e-4 * max(each.norm() for each in known[1:])
    pairs = zip(found, known, strict=True)
    return max(float((x - y).norm() / y.norm().clamp(min=floor)) for x, y in pairs)


if __name__ == "__main__":
    main()
