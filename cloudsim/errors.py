"""The tree of errors a user can cause; each message says what was found, where, and what to do.

CloudsimError
├── ConfigError       a configuration that cannot be run
├── ModelError        a network, checkpoint or data file that cannot be used, or a training that failed
├── ResultError       a run folder that is missing, incomplete or of another version
└── SimulationError   a broken invariant
    └── PolicyError   a policy that broke its contract
(`traces.errors.TraceError` stands beside it, since `traces` knows nothing of the simulator.)
"""


class CloudsimError(Exception):
    """Args: problems: one message each; all problems of one input are reported at once."""

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)


class ConfigError(CloudsimError):
    """A configuration that cannot be run."""


class ModelError(CloudsimError):
    """A network, a checkpoint or a data file that cannot be used, or a training that failed."""


class ResultError(CloudsimError):
    """A run folder that cannot be read."""


class SimulationError(CloudsimError):
    """A broken invariant."""


class PolicyError(SimulationError):
    """A policy that broke its contract."""
