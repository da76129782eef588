"""The judge: a plain engine that goes step by step and visits every sequence in every step.

It states the semantics of a replica (vLLM V1) in the most direct way, shares only the data types with the product, and is slow on
purpose. `cloudsim.serving.replica` must give the same time stamps.
"""

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

    def used(self):
        return sum(s.blocks * s.units for s in self.running)

    def allocate(self, s, tokens):
        blocks = -(-tokens // self.block_tokens)
        need = (blocks - s.blocks) * s.units
        if self.used() + need > self.capacity:
            return False
        s.blocks = blocks
        return True

    def preempt(self, s):
        s.blocks = s.stored = 0
        s.decoding = False
        s.target = s.prompt + s.generated
        s.preempted += 1
        self.waiting.insert(0, s)

    def step(self):
        """One step from `now`; False if there is nothing to do."""
        left, scheduled, preempted = self.step_tokens, [], False
        i = 0
        while i < len(self.running):
            s = self.running[i]
            tokens = min(s.target - s.stored, left)
            while not self.allocate(s, s.stored + tokens):
                victim = self.running.pop()
                self.preempt(victim)
                preempted = True
                if victim is s:
                    break
            else:
                scheduled.append((s, tokens))
                left -= tokens
                i += 1
                continue
            break
        if not preempted:
            while self.waiting and left > 0 and len(self.running) < self.max_sequences:
                s = self.waiting[0]
                tokens = min(s.target, left)
                if not self.allocate(s, tokens):
                    break
                self.waiting.pop(0)
                self.running.append(s)
                scheduled.append((s, tokens))
                left -= tokens
        if not scheduled:
            return False
        self.most_used = max(self.most_used, self.used())
        counts = [0] * len(self.profile.levels)
        decodes, chunks = [], []
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
                s.decoding = True
                s.generated += 1
                s.target += 1
                if s.first_token_s < 0:
                    s.first_token_s = self.now
                if s.generated == s.output:
                    s.done_s = self.now
        for s in [s for s in self.running if s.done_s >= 0]:
            s.blocks = 0
            self.running.remove(s)
        return True

    def run(self, sequences):
        """Serve `sequences`, sorted by arrival; they get their time stamps."""
        arrivals = list(sequences)
        for s in arrivals:
            s.target = s.prompt
        while arrivals or self.waiting or self.running:
            while arrivals and arrivals[0].arrival_s <= self.now and (self.waiting or self.running or self.steps):
                self.waiting.append(arrivals.pop(0))
            if not self.waiting and not self.running:
                s = arrivals.pop(0)  # an idle engine starts with the first that comes, alone
                self.now = max(self.now, s.arrival_s)
                self.waiting.append(s)
            if not self.step():
                raise AssertionError("the judge stands still with requests left")
        return sequences
