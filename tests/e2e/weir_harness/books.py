"""The ledger against the provider's own books."""

from .waiting import eventually


def check_books(tenant, mock, answered):
    """Every answer that the provider finished is in the ledger, once and with its tokens; callers got
    so many of them, or missed some."""
    books = mock.ledger()
    assert books["finished"] >= answered
    spent = eventually(lambda: next((row for row in tenant.usage()
                                     if row.attempts >= books["finished"]), None),
                       within=30, what=f"{books['finished']} attempts in the ledger")
    assert spent.attempts == books["requests"], (spent, books)
    if not spent.estimated:
        assert spent.total == books["prompt_tokens"] + books["completion_tokens"], (spent, books)
