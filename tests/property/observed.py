"""A run that is watched from inside: every decision of every engine is checked against what its memory holds."""

from contextlib import ExitStack
from unittest.mock import patch

from cloudsim import simulation
from cloudsim.serving.engine import Engine
from cloudsim.serving.replica import Replica


class Watch:
    """What was seen: the fleet, the gateway, and the seconds of steps that an end cut off, by node."""

    def __init__(self):
        self.fleet = self.gateway = None
        self.cut_s = {}
        self.boundary_s = {}  # by replica: end of the last step that was accounted for
        self.reserved = {}
        self.checks = 0

    def room(self, engine):
        """No block is used twice: up to the end of the run under way all blocks are there."""
        self.checks += 1
        until = engine.step + (engine.run_steps if engine.busy else 0)
        assert 0 <= engine.used(until) <= engine.capacity
        assert engine.held >= 0
        if engine._cache is not None:
            assert engine._cache.units == engine._cache.kept_units() >= 0
        assert len(engine.running) + engine.incoming <= engine.max_sequences

    def coming(self, replica):
        """Sequences whose KV is still on its way to a replica."""
        return sum(index in self.gateway.moving for index in self.reserved.get(replica, ()))


def simulate_watched(config, contender="one", replication=0):
    """Run it; return its tables and what was seen."""
    watch = Watch()
    with ExitStack() as stack:

        def replace(owner, name, made):
            former = getattr(owner, name)
            stack.enter_context(patch.object(owner, name, lambda *args, **kwargs: made(former, *args, **kwargs)))

        def built(name):
            def make(former, *args, **kwargs):
                setattr(watch, name, former(*args, **kwargs))
                return getattr(watch, name)

            return make

        def checked(former, engine, *args, **kwargs):
            result = former(engine, *args, **kwargs)
            watch.room(engine)
            return result

        def settled(former, engine, steps, at_s):
            watch.boundary_s[engine] = at_s
            former(engine, steps, at_s)
            if engine._cache is not None:  # at a step boundary what is kept and what is in use never exceed what is there
                engine._make_cache_yield(engine.step)
                assert engine._cache.units + engine.used(engine.step) <= engine.capacity

        def reserved(former, replica, request, stored_tokens):
            granted = former(replica, request, stored_tokens)
            watch.room(replica)
            if granted:
                watch.reserved.setdefault(replica, set()).add(request.index)
            return granted

        def attached(former, replica, request, stored_tokens):
            watch.reserved[replica].remove(request.index)
            former(replica, request, stored_tokens)
            watch.room(replica)

        def ended(former, replica, lost=True):
            assert replica.incoming == watch.coming(replica) + len(replica._joining)
            if replica.outstanding:
                replica.catch_up()
            under_way = replica.busy and replica.outstanding
            left = former(replica, lost)
            watch.cut_s[replica] = replica.clock.now - watch.boundary_s[replica] if under_way else 0.0
            assert not replica.running
            assert not replica.waiting
            assert not replica.busy
            assert replica.incoming == watch.coming(replica)
            assert replica.incoming or not replica.held
            assert replica.outstanding == replica.queued_tokens == replica.decoding == replica.kv_units == 0
            return left

        replace(simulation, "Fleet", built("fleet"))
        replace(simulation, "Gateway", built("gateway"))
        for name in ("_run", "submit"):
            replace(Engine, name, checked)
        replace(Engine, "_settle", settled)
        replace(Replica, "reserve", reserved)
        replace(Replica, "attach", attached)
        replace(Replica, "detach", checked)
        replace(Replica, "abort", ended)
        tables = simulation.simulate(config, contender, replication)
    return tables, watch
