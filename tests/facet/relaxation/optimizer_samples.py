"""Crystals led step by step by an optimizer, for its tests."""

from dataclasses import replace

import torch

from facet.graph.neighbors import find_pairs
from facet.graph.skin import SKIN, edges_within
from facet.relaxation.motion import look_from, take_step
from facet.relaxation.optimizers.optimizer import StepLimits
from facet.relaxation.optimizers.registry import optimizer_named
from facet.relaxation.state import Snapshot, join_states, start_state
from facet.relaxation.tickets import Ticket

LIMITS = StepLimits(max_step=0.2, max_strain=0.1)


class Walk:
    """A batch of crystals that takes steps and stops for nothing."""

    def __init__(self, starts, potential, settings):
        self.potential = potential
        self.settings = settings
        self.state = join_states([self._start(each) for each in starts])

    def _start(self, crystal):
        pairs = find_pairs(crystal, self.potential.cutoff + SKIN)
        optimizer = optimizer_named(self.settings.optimizer)
        return start_state(Ticket("crystal"), crystal, pairs, optimizer)

    def enter(self, crystal):
        """Let one more crystal in, as the last."""
        self.state = join_states([self.state, self._start(crystal)])

    def look(self):
        """Ask the potential, and return what the optimizer is told."""
        state, now = self.state, self.state.geometry
        edges = edges_within(state.neighbors, now.positions, now.cells, self.potential.cutoff)
        said = self.potential(state.batch(edges))
        unknown = torch.zeros_like(said.energy)
        seen = Snapshot(
            now.positions, now.cells, said.energy, said.forces, said.stress, unknown, unknown
        )
        self.state = replace(state, last_good=seen)
        return look_from(self.state, self.settings)

    def step(self):
        """Look and move; return where all crystals then are, atoms and U."""
        self.look()
        self.state = take_step(self.state, self.settings)
        at = self.state.coordinates
        return at.undeformed.clone(), at.log_deformation.clone()
