import io

import numpy as np
import pytest
from rich.console import Console

from cloudsim.commands.progress import Progress
from cloudsim.composition.plan import compose
from cloudsim.experiment import Outcome, tasks
from cloudsim.simulation import RunTables


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_names_contender_seed_speed_and_time_left(small, terminal):
    config = compose([*small, "seeds=2"], None, lambda config: []).config
    shown = Console(file=io.StringIO(), force_terminal=terminal, width=120)
    first = tasks(config)[0]
    with Progress(config, shown) as progress:
        progress.moved(first, 0.25)
        progress.moved(first, 0.5)
        progress._shown.refresh()
        progress.finished(Outcome(first, RunTables({"arrival_s": np.zeros(3000)}, {}, {}, {}, {}, (), (), 1, 0.1), wall_s=2.0))
    text = shown.file.getvalue()
    assert "1/4 l2a, seed 0: 3,000 requests in 2.0 s (1,500/s)" in text
    if terminal:
        assert "4 runs" in text
        assert "50%" in text
    else:
        assert text.count("\n") == 1
