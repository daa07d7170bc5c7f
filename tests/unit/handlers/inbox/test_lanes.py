import asyncio

from handlers.inbox.lanes import Lanes


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_what_shares_any_lane_goes_one_after_the_other_and_nothing_else_waits() -> None:
    lanes, begun, gates = Lanes(), list[str](), {name: asyncio.Event() for name in "abcd"}

    def work(name: str) -> None:
        async def do() -> None:
            begun.append(name)
            await gates[name].wait()

        lanes.start({"a": "12", "b": "23", "c": "3", "d": "4"}[name], do)

    for name in "abcd":
        work(name)
    await turns()
    assert begun == ["a", "d"]
    gates["a"].set()
    await turns()
    assert begun == ["a", "d", "b"]
    gates["b"].set()
    await turns()
    assert begun == ["a", "d", "b", "c"]
    gates["c"].set()
    gates["d"].set()
    await lanes.settle(60)
    assert not lanes.under_way
    assert not lanes._last


async def test_a_failure_lets_the_next_one_go() -> None:
    lanes, done = Lanes(), list[int]()

    async def fail() -> None:
        raise ValueError("planted")

    async def do() -> None:
        done.append(1)

    lanes.start("1", fail)
    lanes.start("1", do)
    await lanes.settle(60)
    assert done == [1]


async def test_settling_ends_what_does_not_come_to_its_end() -> None:
    lanes = Lanes()
    lanes.start("1", asyncio.Event().wait)  # type: ignore[arg-type]  # its answer is nobody's
    lanes.start("1", asyncio.Event().wait)  # type: ignore[arg-type]
    await lanes.settle(0)
    assert not lanes.under_way
