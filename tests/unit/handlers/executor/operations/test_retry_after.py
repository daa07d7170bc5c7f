"""When a server wants to be asked again (RFC 9110, 10.2.3)."""

import pytest

from handlers.executor.operations.answer import retry_after

NOW = "Tue, 01 Jan 2030 00:00:00 GMT"


@pytest.mark.parametrize(
    ("said", "now", "seconds"),
    [
        (None, NOW, None),
        ("7", None, 7.0),
        (" 0 ", None, 0.0),
        ("9" * 400, None, 999_999_999.0),
        ("Tue, 01 Jan 2030 00:02:00 GMT", NOW, 120.0),
        ("Mon, 31 Dec 2029 00:00:00 GMT", NOW, 0.0),
        ("Tue, 01 Jan 2030 00:02:00 GMT", None, None),
        ("Tue, 01 Jan 2030 00:02:00 GMT", "nonsense", None),
        ("-7", NOW, None),
        ("7.5", NOW, None),
        ("\u0667", NOW, None),
        ("soon", NOW, None),
        ("", NOW, None),
    ],
)
def test_it_is_seconds_or_a_date_by_the_servers_own_clock(
    said: str | None, now: str | None, seconds: float | None
) -> None:
    assert retry_after(said, now) == seconds
