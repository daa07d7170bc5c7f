"""Chance, as it is drawn from what the system gave at once."""

import os
from uuid import UUID

from handlers.clock import AT_ONCE, draw


def test_every_id_is_another_and_a_random_uuid() -> None:
    drawn = [draw() for _ in range(2 * AT_ONCE + 1)]

    assert len({*drawn}) == len(drawn)
    assert {(UUID(each).version, UUID(each).variant) for each in drawn} == {(4, "specified in RFC 4122")}
    assert [str(UUID(each)) for each in drawn] == drawn


def test_a_process_and_the_one_that_it_forks_draw_others() -> None:
    draw()  # something is left that both would draw from
    heard, told = os.pipe()

    if (child := os.fork()) == 0:
        os.write(told, draw().encode())
        os._exit(0)
    os.waitpid(child, 0)

    assert os.read(heard, 36).decode() != draw()
    os.close(heard)
    os.close(told)
