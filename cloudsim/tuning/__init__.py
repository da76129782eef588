"""Searching a contender's own parameters on calibration traces, within a cap of cost, and judging the outcome on other traces.

`space` says what may change, `target` what is to be had and at what cost, `trial` runs one setting, `search` asks Optuna for the next and
keeps the study on disk. `found` picks the best, `entry` writes it as a contender, and `document` and `page` show it.
"""
