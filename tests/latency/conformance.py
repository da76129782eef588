"""What every model of step times must be: positive, never faster for more, linear in shared layers, in runs as step by step."""

from dataclasses import dataclass

from hypothesis import assume, given, settings
from hypothesis import strategies as st

REL = 1e-9


@dataclass(frozen=True)
class State:
    """A batch of equal sequences, and perhaps one prompt chunk, on a model of `groups` head groups a layer."""

    sequences: int
    layers: int
    tokens: int
    chunk: int
    prefix: int
    groups: int

    def decode(self, more=0, layers=None, groups=None):
        """Arguments of `decode_run`, `more` steps later."""
        layers, groups = layers or self.layers, groups or self.groups
        units = self.sequences * layers * groups
        return self.sequences, layers, self.sequences * layers, units * (self.tokens + more), units

    def mixed(self, more=0, chunk=None):
        """Arguments of `mixed_run`, `more` steps later."""
        decode, chunk = self.decode(more), chunk or self.chunk
        units, before = self.layers * self.groups, self.prefix + more * self.chunk
        pairs = ((before + chunk) ** 2 - before**2) * units
        return self.sequences + 1, *decode[1:], chunk * self.layers, pairs, chunk**2 * units


def states(layers, groups):
    return st.builds(
        State, sequences=st.integers(1, 300), layers=st.integers(1, layers), tokens=st.integers(1, 40_000), chunk=st.integers(1, 4096),
        prefix=st.integers(0, 20_000), groups=st.just(groups),
    )  # fmt: skip


def check(model, layers, groups):
    """Hold `model`, of a network of so many layers and head groups, to the contract."""

    def nowhere_less(more, less):
        assert more >= less * (1 - REL), (more, less)

    def added(run, steps):
        first, growth, most = run
        assert 1 <= steps <= most
        return steps * first + growth * steps * (steps - 1)

    @settings(max_examples=150, deadline=None)
    @given(states(layers, groups), st.integers(1, 3000))
    def runs(state, steps):
        for asked in (state.decode, state.mixed):
            ask = model.decode_run if asked == state.decode else model.mixed_run
            first, growth, most = ask(*asked())
            assert first > 0
            assert growth >= 0
            assert most >= 1
            whole = min(steps, most)
            taken = sum(ask(*asked(step))[0] for step in (range(whole) if whole <= 40 else ()))
            if whole <= 40:
                assert abs(taken - added((first, growth, most), whole)) <= 1e-6 * taken
            last = ask(*asked(whole - 1))[0]
            assert abs(last - (first + 2 * growth * (whole - 1))) <= 1e-6 * last

    @settings(max_examples=150, deadline=None)
    @given(states(layers, groups), st.integers(1, 50))
    def monotone(state, more):
        base = model.decode_run(*state.decode())[0]
        nowhere_less(model.decode_run(*State(state.sequences + more, *list(vars(state).values())[1:]).decode())[0], base)
        nowhere_less(model.decode_run(*state.decode(more))[0], base)
        mixed = model.mixed_run(*state.mixed())[0]
        nowhere_less(model.mixed_run(*state.mixed(chunk=state.chunk + more))[0], mixed)
        nowhere_less(model.mixed_run(*state.mixed(more))[0], mixed)

    @settings(max_examples=150, deadline=None)
    @given(states(layers, groups))
    def linear_in_layers(state):
        assume(state.layers >= 2)
        half = state.layers // 2
        zero = 2 * model.decode_run(*state.decode(layers=half))[0] - model.decode_run(*state.decode(layers=2 * half))[0]
        third = model.decode_run(*state.decode(layers=3 * half))[0]
        two = model.decode_run(*state.decode(layers=2 * half))[0]
        assert abs((third - zero) - 1.5 * (two - zero)) <= 1e-9 * third

    @settings(max_examples=60, deadline=None)
    @given(states(layers, groups))
    def fewer_groups_cost_no_more(state):
        assume(state.groups > 1)
        whole = model.decode_run(*state.decode())[0]
        units = state.decode(groups=state.groups - 1)
        nowhere_less(whole, model.decode_run(*units)[0])

    for part in (runs, monotone, linear_in_layers, fewer_groups_cost_no_more):
        part()
    assert model.prompt_token_s(layers) > 0
    assert model.source.origin
