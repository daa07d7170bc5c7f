"""What is measured starts as it does for users."""

from collections.abc import Iterator

import pytest

from tests import nursery


@pytest.fixture(scope="session", autouse=True)
def _fresh() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nursery, "start", nursery.fresh)
        yield
