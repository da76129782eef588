"""The schema of a training of policies: what an experiment has not; `experiments/learning.yaml` has the defaults."""

from typing import Annotated

from pydantic import Field

from cloudsim.config import Count, Name, NotNegative, Positive, Section, Share
from cloudsim.learning.reward import RewardWeights

Seed = Annotated[int, Field(ge=0)]
Discount = Annotated[float, Field(gt=0, lt=1)]


class PpoConfig(Section):
    """Proximal policy optimisation."""

    hidden: list[Count] = Field(description="widths of the hidden layers of the policy, and of the value network beside it")
    environments: Count = Field(description="environments that are played side by side")
    rollout_steps: Annotated[int, Field(ge=2)] = Field(description="decisions in each of them between two updates")
    batch: Annotated[int, Field(ge=2)] = Field(description="decisions of a gradient step")
    epochs: Count = Field(description="times each decision is used in an update")
    learning_rate: Positive = Field(description="of Adam")
    discount: Discount = Field(description="of the reward a decision later")
    gae_lambda: Share = Field(description="of the generalised advantage estimate")
    clip: Discount = Field(description="largest change of a probability in an update, as a share")
    entropy: NotNegative = Field(description="weight of the entropy bonus")
    reward_scale: Positive = Field(description="rewards are multiplied by this for the value network")


class BinsConfig(Section):
    """Bins of one number."""

    of: str = Field(description="the number, such as replica.queued_tokens")
    edges: list[float] = Field(description="rising, in its unit; a value at an edge is in the bin above")


class QLearningConfig(Section):
    """Tabular Q-learning."""

    bins: list[BinsConfig] = Field(description="numbers whose bins are the state")
    discount_per_s: Discount = Field(description="of the reward a simulated second later")
    step_size: Annotated[float, Field(gt=0, le=1)] = Field(description="least weight of what is new; early visits of a state weigh more")
    explore_first: Share = Field(description="share of decisions drawn at random at the start; it falls in a line")
    explore_last: Share = Field(description="the same at the end")


class ComparisonConfig(Section):
    """What the trained policy is compared with, and on what."""

    seed: Seed = Field(description="root of the random numbers of the evaluation; another one than that of the training")
    replications: Annotated[int, Field(ge=2)] = Field(description="replications of the evaluation")
    tuning: Count = Field(description="replications of the training's seed on which the fixed budget is chosen")
    rivals: list[Name] = Field(description="contenders of the experiment that are compared too")


class LearningConfig(Section):
    """One training."""

    contender: Name = Field(description="of the experiment; the learner takes the place of its budget policy")
    algorithm: Annotated[str, Field(pattern="^(ppo|q_learning)$")] = Field(description="ppo or q_learning")
    steps: Count = Field(description="decisions")
    hold_s: NotNegative = Field(description="seconds for which a choice also holds for all requests that come after; 0 chooses for each")
    reward: RewardWeights
    ppo: PpoConfig
    q_learning: QLearningConfig
    comparison: ComparisonConfig
