"""The help of `run`, made from the names of the configuration files."""

from importlib.resources import files


def guide() -> str:
    """Usage, the experiments that can be run, and the choices of every group."""
    root = files("experiments")
    groups = {
        group.name: sorted(entry.name.removesuffix(".yaml") for entry in group.iterdir() if entry.name.endswith(".yaml"))
        for group in sorted(root.iterdir(), key=lambda entry: entry.name)
        if group.is_dir() and not group.name.startswith("_")
    }
    experiments = groups.pop("experiment")
    del groups["recipe"], groups["tuning"]  # of trainings and of searches
    listed = "\n".join(f"  {name:<14}{', '.join(choices)}" for name, choices in groups.items() if choices)
    return f"""usage: python -m cloudsim run +experiment=NAME [KEY=VALUE ...] [-m] [--json]

Replays an experiment, prints its verdict, and writes a run folder with the tables and the report.

experiments:
  {", ".join(experiments)}

examples:
  python -m cloudsim run +experiment={experiments[0]} output_dir=runs/first
  python -m cloudsim run +experiment={experiments[0]} family=llama3 provider=gcp seeds=5
  python -m cloudsim run +experiment={experiments[0]} budget@contenders.l2a.budget=fixed
  python -m cloudsim run -m +experiment={experiments[0]} seed=0,1        a sweep: one run for each value

choices of the configuration groups (GROUP=CHOICE; policies as GROUP@contenders.NAME.GROUP=CHOICE):
{listed}

options:
  -m, --multirun        a sweep over comma-separated values; runs go to output_dir/0, output_dir/1, ...
  --json, json=true     print one JSON document on standard output and nothing else there
  --config-dir FOLDER   further configuration groups of your own
  --cfg job             print the composed configuration and stop
  --hydra-help          all options of Hydra

Every key, with its default, unit and source, stands in experiments/config.yaml."""
