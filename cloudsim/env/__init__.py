"""The simulation as a Gymnasium environment (extra `rl`), such as `ServingEnv(["+experiment=train_policy"], "learned", "budget")`."""

from cloudsim.errors import ConfigError

try:
    from cloudsim.env.serving_env import MODES, ServingEnv
except ModuleNotFoundError as error:
    if error.name not in ("gymnasium", "greenlet"):
        raise
    raise ConfigError(f"the environment needs {error.name}: pip install -c constraints.txt -e '.[rl]'") from None

__all__ = ["MODES", "ServingEnv"]
