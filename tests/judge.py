"""The judge: a plain engine that goes step by step and visits every sequence in every step.

It states the semantics of a replica (vLLM V1) in the most direct way, shares only the data types with the product, and is slow on
purpose. `cloudsim.serving.replica` must give the same time stamps.

With a `worth` it has a prefix cache: `Kept` states what is kept of a conversation. Kept blocks are free for whoever allocates, which takes
those of the lowest worth at once, one by one; a hit never decides whether a sequence is admitted.

With a `Rule` it schedules by rank, as `cloudsim.contracts.SchedulingPolicy` says. Where a sequence is itself the victim, those after it in
the batch still take their step, which vLLM leaves out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Sequence:
    index: int
    arrival_s: float
    prompt: int
    output: int
    layers: int
    units: int
    level: int
    stored: int = 0  # tokens whose KV is in memory
    blocks: int = 0  # blocks held
    generated: int = 0
    target: int = 0  # tokens to have in KV before the next token is sampled
    first_token_s: float = -1.0
    done_s: float = -1.0
    preempted: int = 0
    decoding: bool = False  # its prompt is done: each further step brings one token
    rank: float = 0.0
    order: int = 0  # among equal ranks
    expiry: int = 0  # generated tokens at which its quantum is over
    yields: bool = False  # it has used a quantum since it was admitted
    conversation: int = -1
    turn: int = 0
    shared: int = 0  # prompt tokens it has in common with the turn before it
    cached: int = 0  # prompt tokens it found in memory when it was admitted
    hits: int = 0  # turns in a row that found what the one before had left


@dataclass
class Kept:
    """What is left in memory of the turn of a conversation that completed last, as whole blocks."""

    conversation: int
    turn: int
    prompt: int
    level: int
    units: int
    blocks: int
    hits: int
    worth: float
    number: int


@dataclass
class Rule:
    """A scheduling policy for sequences.

    Args:
        rank: of (index, generated, preempted, time); the time counts only where it reorders.
        victim: chooses from the batch; None is the highest rank.
        quantum: of (index, generated); None is no preemption by the policy.
    """

    rank: Callable
    reorders: bool = False
    victim: Callable | None = None
    quantum: Callable | None = None


@dataclass
class Judge:
    latency: object
    profile: object
    capacity: int  # KV units
    block_tokens: int
    step_tokens: int
    max_sequences: int
    waiting: list = field(default_factory=list)
    running: list = field(default_factory=list)
    now: float = 0.0
    busy_s: float = 0.0
    steps: int = 0
    most_used: int = 0
    rule: Rule | None = None
    changed: bool = True  # somebody came or left since the first of those who wait was last found not to fit
    numbers: int = 0
    worth: Callable | None = None  # of (conversation, turn, tokens, units, hits, time); None is no prefix cache
    kept: list = field(default_factory=list)
    stored: int = 0  # entries so far

    def used(self):
        return sum(s.blocks * s.units for s in self.running)

    def allocate(self, s, tokens):
        blocks = -(-tokens // self.block_tokens)
        need = (blocks - s.blocks) * s.units
        if self.used() + need > self.capacity:
            return False
        s.blocks = blocks
        return True

    def kept_units(self):
        return sum(k.blocks * k.units for k in self.kept)

    def give_up(self):
        """What is kept makes room for what is in use."""
        while self.kept and self.kept_units() > self.capacity - self.used():
            least = min(self.kept, key=lambda k: (k.worth, k.number))
            least.blocks -= 1
            if not least.blocks:
                self.kept.remove(least)

    def keep(self, s):
        """A complete sequence leaves its KV."""
        blocks = s.stored // self.block_tokens
        former = [k for k in self.kept if k.conversation == s.conversation]
        if self.worth is None or s.conversation < 0 or not blocks or any(k.turn > s.turn for k in former):
            return
        for k in former:
            self.kept.remove(k)
        self.stored += 1
        worth = self.worth(s.conversation, s.turn, blocks * self.block_tokens, blocks * s.units, s.hits, self.now)
        self.kept.append(Kept(s.conversation, s.turn, s.prompt, s.level, s.units, blocks, s.hits, worth, self.stored))

    def reusable(self, s):
        """What is kept that a sequence can go on from, and how many tokens of it."""
        for k in self.kept:
            if k.conversation == s.conversation and k.level == s.level and k.turn < s.turn:
                tokens = min(k.blocks * self.block_tokens, s.shared)
                if k.turn < s.turn - 1:  # turns extend each other
                    tokens = min(tokens, k.prompt)
                return k, tokens // self.block_tokens * self.block_tokens
        return None, 0

    def preempt(self, s):
        s.blocks = s.stored = s.cached = 0
        s.decoding = s.yields = False
        s.target = s.prompt + s.generated
        s.preempted += 1
        if self.rule is None:
            self.waiting.insert(0, s)
        else:
            self.numbers += 1
            s.order = -self.numbers  # in front of the others of its rank
            self.wait(s, self.now)

    def arrive(self, s):
        self.numbers += 1
        s.order = self.numbers
        self.wait(s, s.arrival_s)

    def wait(self, s, now):
        if self.rule is not None:
            s.rank = self.rank(s, now)
        self.changed = True
        self.waiting.append(s)

    def rank(self, s, now):
        return self.rule.rank(s.index, s.generated, s.preempted, now if self.rule.reorders else 0.0)

    def key(self, s):
        return s.rank, s.order

    def victim(self):
        if self.rule is None:
            return self.running[-1]
        if self.rule.victim is not None:
            return self.rule.victim(self.running)
        return max(self.running, key=self.key)

    def step(self):
        """One step from `now`; False if there is nothing to do."""
        left, scheduled, preempted = self.step_tokens, {}, False
        for s in list(self.running):
            tokens = min(s.target - s.stored, left)
            while s in self.running and not self.allocate(s, s.stored + tokens):
                victim = self.victim()
                left += scheduled.pop(victim.index, 0)
                self.running.remove(victim)
                self.preempt(victim)
                preempted = True
            if s in self.running:
                self.give_up()
                scheduled[s.index] = tokens
                left -= tokens
        if not preempted and self.waiting and left > 0:
            if self.rule is None:
                self.admit(left, scheduled)
            else:
                self.admit_in_order(left, scheduled)
        if not scheduled:
            return False
        self.most_used = max(self.most_used, self.used())
        assert self.used() + self.kept_units() <= self.capacity
        counts = [0] * len(self.profile.levels)
        decodes, chunks = [], []
        scheduled = [(s, scheduled[s.index]) for s in self.running if s.index in scheduled]
        for s, tokens in scheduled:
            counts[s.level] += 1
            (decodes if s.decoding else chunks).append((s, tokens))
        read = self.profile.layers_read(counts)
        layers = sum(s.layers for s, _ in decodes)
        kv = sum(s.units * (s.stored + 1) for s, _ in decodes)
        if chunks:
            token_layers = sum(n * s.layers for s, n in chunks)
            pairs = sum(s.units * ((s.stored + n) ** 2 - s.stored**2) for s, n in chunks)
            duration = self.latency.mixed_run(len(scheduled), read, layers, kv, 0, token_layers, pairs, 0)[0]
        else:
            duration = self.latency.decode_run(len(decodes), read, layers, kv, 0)[0]
        self.now += duration
        self.busy_s += duration
        self.steps += 1
        for s, tokens in scheduled:
            s.stored += tokens
            if s.stored == s.target:
                s.generated += 1
                if not s.decoding and self.rule is not None and self.rule.quantum is not None:
                    s.expiry, s.yields = s.generated + self.rule.quantum(s.index, s.generated), False
                s.decoding = True
                s.target += 1
                if s.first_token_s < 0:
                    s.first_token_s = self.now
                if s.generated == s.output:
                    s.done_s = self.now
        for s in sorted((s for s in self.running if s.done_s >= 0), key=lambda s: s.index):
            s.blocks = 0
            self.running.remove(s)
            self.changed = True
            self.keep(s)
        return True

    def admit(self, left, scheduled):
        """First come, first served."""
        while self.waiting and left > 0 and self.fits(self.waiting[0], left):
            left = self.let_in(self.waiting[0], left, scheduled)

    def admit_in_order(self, left, scheduled):
        """By rank, the lowest first, until the first does not fit and nobody gives way to it."""
        if len(self.waiting) == 1 and self.changed and self.fits(self.waiting[0], left):
            self.let_in(self.waiting[0], left, scheduled)
            return
        if self.rule.quantum is not None:
            for s in self.running:
                if s.decoding and s.generated >= s.expiry:
                    s.rank, s.yields = self.rank(s, self.now), True
                    s.expiry = s.generated + self.rule.quantum(s.index, s.generated)
                    self.changed = True
        elif len(self.running) == self.max_sequences:
            return
        if not self.changed:
            return
        if self.rule.reorders:
            for s in self.waiting:
                s.rank = self.rank(s, self.now)
        gave_way = []
        while self.waiting and left > 0:
            s = min(self.waiting, key=self.key)
            if s in gave_way:
                return
            if not self.fits(s, left):
                going = self.who_gives_way(s, left) if self.rule.quantum is not None else []
                if not going:
                    self.changed = False
                    return
                for other in going:
                    left += scheduled.pop(other.index)
                    self.running.remove(other)
                    self.preempt(other)
                gave_way += going
                assert self.fits(s, left)
            left = self.let_in(s, left, scheduled)

    def fits(self, s, left):
        """Whether a sequence is admitted: as if it found nothing. It goes on from as much of what it finds as there is room for."""
        if len(self.running) == self.max_sequences or not self.allocate(s, min(s.target, left)):
            return False
        k, tokens = self.reusable(s)
        s.blocks = 0
        while not self.allocate(s, tokens + min(s.target - tokens, left)):
            tokens -= self.block_tokens
        s.stored = s.cached = tokens
        s.hits = k.hits + 1 if tokens else 0
        if tokens:
            self.kept.remove(k)
        return True

    def let_in(self, s, left, scheduled):
        self.waiting.remove(s)
        self.running.append(s)
        self.numbers += 1
        s.order = self.numbers
        self.give_up()
        scheduled[s.index] = min(s.target - s.stored, left)
        return left - scheduled[s.index]

    def who_gives_way(self, s, left):
        """The fewest of those that have used a quantum and rank behind `s`, the worst first, without which it fits."""
        behind = sorted((other for other in self.running if other.yields and other.rank > s.rank), key=self.key, reverse=True)
        for count in range(1, len(behind) + 1):
            going = behind[:count]
            blocks = -(-min(s.target, left + count) // self.block_tokens)
            freed = sum(other.blocks * other.units for other in going)
            if len(self.running) - count < self.max_sequences and self.used() - freed + blocks * s.units <= self.capacity:
                return going
        return []

    def run(self, sequences):
        """Serve `sequences`, sorted by arrival; they get their time stamps."""
        arrivals = list(sequences)
        for s in arrivals:
            s.target = s.prompt
        while arrivals or self.waiting or self.running:
            while arrivals and arrivals[0].arrival_s <= self.now and (self.waiting or self.running or self.steps):
                self.arrive(arrivals.pop(0))
            if not self.waiting and not self.running:
                s = arrivals.pop(0)  # an idle engine starts with the first that comes, alone
                self.now = max(self.now, s.arrival_s)
                self.arrive(s)
            if not self.step():
                raise AssertionError("the judge stands still with requests left")
        return sequences
