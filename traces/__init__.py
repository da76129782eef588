"""Traces of requests and of spot markets: tables, readers of published files, and generators. Knows nothing of the simulator."""
