"""What the simulator needs to know of a network, measured."""
