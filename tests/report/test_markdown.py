from rich.table import Table

from cloudsim.report.markdown import markdown_table


def test_a_table_of_the_terminal_becomes_one_of_a_document():
    table = Table(title="costs")
    table.add_column("who")
    table.add_column("usd", justify="right")
    table.add_row("a|b", "1.50")
    assert markdown_table(table) == "## costs\n\n| who | usd |\n| --- | ---: |\n| a\\|b | 1.50 |\n"
