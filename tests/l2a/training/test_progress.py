import io

import pytest
from rich.console import Console

from cloudsim.l2a.training.progress import Progress, ProgressBars


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_sees_stage_step_loss_compute_speed_and_time_left(terminal):
    console = Console(file=io.StringIO(), force_terminal=terminal, width=200)
    with ProgressBars(console) as bars:
        figures = {"loss": 1.25, "compute_target": 0.6, "compute_realised": 0.58}
        bars.moved(Progress("retrofit", 40, 100, 2900.0, 600.0, figures))
        bars._bars.refresh()
        shown = console.file.getvalue()
        bars.ended("retrofit", 100, 1.0, 0.25)
    if terminal:
        for word in ("retrofit", "40%", "step 40/100", "loss 1.25", "compute 0.58 for 0.60", "2,900 tokens/s", "10 min left"):
            assert word in shown
    else:
        assert shown == ""
        assert console.file.getvalue() == "retrofit: 100 steps, loss 1, 15 min\n"
