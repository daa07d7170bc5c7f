"""Who may see what, change it, and put things where (spec 3.2, design 5): refusals are worded here alone. Pure."""

from eventstore.commands import Caller
from eventstore.errors import Forbidden
from eventstore.model import CatalogueObject
from projections.catalogue.catalogue import Catalogue


def refused(what: str) -> Forbidden:
    """POP's words for a caller who has no right; `what` names the object by a field."""
    return Forbidden(f"You do not have permission to perform this action for {what}")


def demand(caller: Caller, customer_id: str | None) -> None:
    """Nothing, if the caller has the right to a customer's objects; raises Forbidden."""
    if not caller.may_touch(customer_id):
        raise refused(f"customerId {customer_id}")


def may_see(thing: CatalogueObject, caller: Caller) -> bool:
    """The GET rule: own objects; of those that can be shared, global and allowed ones as well."""
    if caller.may_touch(thing.customer_id) or getattr(thing, "is_global", None):
        return True
    allowed = getattr(thing, "allowed_customer_ids", None) or ()
    return any(account.lower() in allowed for account in caller.accounts)


def refuse_anothers_pool(pool_id: str | None, caller: Caller, catalogue: Catalogue) -> None:
    """An Insight stands in a pool to which its writer has the right; raises Forbidden.

    Tighter than POP: an open Insight in another's pool would be given that customer's agendas to pull. Whether such a
    pool is there is not told.
    """
    if pool_id is None or caller.everywhere:
        return
    pool = catalogue.pool(pool_id)
    if pool is None or not caller.may_touch(pool.customer_id):
        raise refused(f"resourcePoolId {pool_id}")
