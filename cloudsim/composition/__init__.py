"""From the words of a command line to a `RunConfig`, or to one `ConfigError` with every problem at once.

`plan` is the way in. Hydra composes the files of `experiments/` (`overrides`), the schema is checked (`schema`), the classes
named by `_target_` are looked at (`components`), and the contenders are compared (`fairness`). Nothing is written or simulated.
"""
