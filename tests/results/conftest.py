"""A checked configuration and a recorded run of it."""

import pytest

from cloudsim.composition.plan import compose
from cloudsim.experiment import outcomes
from cloudsim.metrics.statistics import summarise
from cloudsim.metrics.summary import metrics
from cloudsim.recording import RunRecorder
from tests.results.experiments import made_up


@pytest.fixture(scope="session")
def config(small):
    return compose([*small, "seeds=2"], None, lambda config: []).config


@pytest.fixture
def record(config):
    """Record the made-up experiment in a folder, up to and with the commit."""

    def write(folder, changed=config):
        measured = {name: [] for name in changed.contenders}
        with RunRecorder(folder, changed) as recorder:
            for outcome in outcomes(changed, made_up):
                tables = outcome.tables
                measured[outcome.task.contender].append(metrics(tables.requests, tables.nodes, changed.duration_s, list(changed.tiers)))
                recorder.add(outcome)
            recorder.complete(summarise(measured))
            recorder.commit()
        return folder

    return write
