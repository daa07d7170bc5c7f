"""Who asks, as POP's sample authorizer has it (spec 3.1, 3.2)."""

import pytest

from eventstore.commands import Caller
from handlers.access.identity import Refused, SampleAuthorizer


@pytest.mark.parametrize("authorization", [None, ""])
def test_without_authorization_nobody_asks(authorization: str | None) -> None:
    assert SampleAuthorizer().of(authorization) is Refused.ABSENT


async def test_the_sample_has_no_keys_to_look_for() -> None:
    assert not await SampleAuthorizer().renew()


@pytest.mark.parametrize("token", ["dummy-value", "Bearer x", " "])
def test_any_token_is_the_super_user_unless_accounts_are_set(token: str) -> None:
    caller = SampleAuthorizer().of(token)
    assert isinstance(caller, Caller)
    assert (caller.subject, caller.everywhere) == ("agendum", True)
    assert caller.may_touch("anybody")
    assert caller.may_touch(None)


def test_accounts_are_split_at_bars_and_compared_exactly() -> None:
    caller = SampleAuthorizer(user="u", accounts="alice|account/Bob|").of("t")
    assert isinstance(caller, Caller)
    assert (caller.subject, caller.everywhere, caller.accounts) == ("u", False, ["alice", "account/Bob"])
    assert [caller.may_touch(one) for one in ("alice", "account/Bob", "Alice", "account", "", None)] == [
        *(True, True),
        *(False, False, False, False),
    ]


def test_without_accounts_nothing_is_seen() -> None:
    caller = SampleAuthorizer(accounts="").of("t")
    assert isinstance(caller, Caller)
    assert (caller.everywhere, caller.accounts) == (False, [])


@pytest.mark.parametrize("accounts", ["*", "*|alice", "*alice", "alice|*", "alice|*|bob"])
def test_a_star_in_front_or_among_the_accounts_is_everything(accounts: str) -> None:
    caller = SampleAuthorizer(accounts=accounts).of("t")
    assert isinstance(caller, Caller)
    assert caller.everywhere


def test_a_star_within_an_account_is_a_letter() -> None:
    caller = SampleAuthorizer(accounts="a*|b").of("t")
    assert isinstance(caller, Caller)
    assert (caller.everywhere, caller.accounts) == (False, ["a*", "b"])
