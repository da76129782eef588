"""As many instances as are configured."""

from collections.abc import Mapping

from cloudsim.contracts import ClusterView, LoadView


class Fixed:
    """Leaves every target as it is: the configured number of instances, whatever the load."""

    source = "no scaling"
    observes = ("cluster.targets",)

    def targets(self, load: LoadView, cluster: ClusterView) -> Mapping[str, int]:
        """The targets."""
        return cluster.targets
