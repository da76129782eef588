"""The report of a run: one offline HTML file."""

from cloudsim.report.page import write_report

__all__ = ["write_report"]
