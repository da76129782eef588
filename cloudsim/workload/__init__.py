"""The requests of a run: what a trace says of them, what is drawn besides, and the problems they may carry."""
