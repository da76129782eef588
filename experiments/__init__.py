"""Hydra configuration: `config.yaml`, its groups, and the experiments that can be run by name."""
