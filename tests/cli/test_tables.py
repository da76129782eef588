"""Tables in a narrow terminal."""

from io import StringIO

from rich.console import Console
from rich.table import Table

from cloudsim.commands.tables import print_table


def printed(width, spare=("unknown", "heavy", "light"), elsewhere="runs/all.md"):
    table = Table(title="what is shown")
    table.add_column("method", no_wrap=True)
    for head in ("light", "accuracy", "heavy"):
        table.add_column(head, justify="right")
    table.add_row("l2a_nested", "1", "97.2 %", "20 characters at most")
    text = StringIO()
    print_table(Console(file=text, width=width), table, spare, elsewhere)
    return text.getvalue()


def test_a_wide_terminal_shows_everything():
    assert all(word in printed(80) for word in ("light", "heavy", "20 characters at most", "what is shown"))
    assert "no room" not in printed(80)


def test_a_narrow_one_leaves_out_what_may_go_in_its_order_and_says_so():
    some, few = printed(40), printed(30)
    assert "heavy" not in some.partition("no room")[0]
    assert "light" in some.partition("no room")[0]
    assert some.endswith("no room for heavy: see runs/all.md\n")
    assert few.endswith("no room for heavy, light: see runs/all.md\n")
    assert "97.2 %" in few
    assert max(map(len, some.partition("no room")[0].splitlines())) <= 40


def test_what_may_not_go_stays_however_narrow_it_is():
    text = printed(30, spare=("heavy",), elsewhere="")
    assert text.endswith("no room for heavy\n")
    assert "light" in text
