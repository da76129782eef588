"""What a routing policy is shown of an answer that it may throw away."""

from typing import TYPE_CHECKING, cast

from cloudsim.models.confidence import confidence, separation, signal_of
from cloudsim.serving.answers import Answers
from cloudsim.serving.request import Request
from cloudsim.views import AnswerView
from cloudsim.workload.workload import Workload

if TYPE_CHECKING:
    from cloudsim.serving.replica import Replica


class Review:
    """Makes the views of answers.

    Args:
        auroc: of confidences, in [0.5, 1].
    """

    def __init__(self, auroc: float, workload: Workload, answers: Answers) -> None:
        self._separation, self._workload, self._answers = separation(auroc), workload, answers

    def view(self, request: Request) -> AnswerView:
        """The answer that a replica has just completed."""
        answers, replica, attempt = self._answers, cast("Replica", request.replica), request.escalations
        signal = signal_of(self._workload.signal(request.index), attempt)
        sure = confidence(answers.right(request), answers.share(request), signal, self._separation)
        agreed = answers.agreement(request, signal)
        return AnswerView(sure, agreed, replica.pool, replica.model, request.output_tokens, attempt, request.samples)
