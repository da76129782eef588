"""docs/policies.md lists exactly what ships, with the ranks of the leagues that were played."""

from tests.policies.document import PAGE, page, shipped, stored


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(shipped(), stored()), "write it anew: python -m tests.policies.document"


def test_ranks_belong_to_policies_that_ship():
    names = {(entry.kind, entry.name) for entry in shipped()}
    assert {(row["kind"], row["policy"]) for row in stored()} <= names | {(kind, "default") for kind, _ in names}
