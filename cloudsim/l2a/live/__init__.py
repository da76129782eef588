"""The elastic network as the simulator calls it: fresh problems, answers by batches, each computed once."""
