"""`python -m cloudsim run`: checks the input, lets Hydra start the run or the sweep, and shows what came out.

Everything is checked before Hydra makes its first folder, so bad input leaves no trace. Standard output carries the result
and nothing else; progress, messages and whatever a policy prints go to standard error.
"""

from pathlib import Path

from cloudsim.commands.guide import guide


def main(arguments: list[str]) -> int:
    """Run one experiment, or with -m a sweep of them."""
    if {"-h", "--help"}.intersection(arguments):
        print(guide())
        return 0
    from hydra._internal.utils import get_args_parser  # Hydra's own options, so that they mean the same here

    from cloudsim.commands import single, sweep
    from cloudsim.commands.job import launch

    words = ["json=true" if word == "--json" else word for word in arguments]
    parser = get_args_parser()
    parser.prog = "python -m cloudsim run"
    # Hydra wants its options before the overrides; here they may stand anywhere.
    flags = parser.parse_intermixed_args(words)
    options = [word for word in words if word not in flags.overrides]
    if flags.cfg or flags.info or flags.shell_completion or flags.hydra_help or flags.experimental_rerun:
        launch([*options, *flags.overrides])
        return 0
    config_dir = Path(flags.config_dir) if flags.config_dir else None
    many = flags.multirun or "hydra.mode=MULTIRUN" in flags.overrides
    return sweep.run(options, flags.overrides, config_dir) if many else single.run(options, flags.overrides, config_dir)
