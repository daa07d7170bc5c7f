"""The line of a partition: kept by every event, shown in bounded pictures."""

import random

from projections.queues.ready import IN_ALL, ReadyLine
from projections.rows import AgendaHead, Head


def head(**agendas: AgendaHead) -> Head:
    return Head(version=1, link="l", last="e", agendas=agendas)


def waiting(added: int, customer: str = "c", attempt: int = 0) -> AgendaHead:
    return AgendaHead(customer_id=customer, insight_id="i", added=added, ready=True, attempt=attempt)


def test_shows_the_oldest_first_whatever_came_first() -> None:
    line = ReadyLine("e")
    for added in (3, 1, 2):
        line.update(f"r{added}", None, head(**{f"a{added}": waiting(added, f"c{added}")}))
    assert [entry.added for entry in line.picture(["i"]).entries] == [1, 2, 3]
    assert line.picture(["i"]).counts == {"c1": 1, "c2": 1, "c3": 1}
    assert line.picture(["other"]).entries == []


def test_an_agenda_leaves_the_line_when_it_is_dispatched_and_comes_back_to_its_place() -> None:
    line = ReadyLine("e")
    first, out = head(a=waiting(1)), head(a=AgendaHead(customer_id="c", insight_id="i", added=1, attempt=1, expires=9))
    line.update("r2", None, head(b=waiting(2)))
    line.update("r1", None, first)
    line.update("r1", first, out)
    assert [entry.agenda_id for entry in line.picture(["i"]).entries] == ["b"]
    assert [(each.agenda_id, each.expires) for each in line.watched.open()] == [("a", 9)]
    line.update("r1", out, head(a=waiting(1, attempt=1)))
    assert [(entry.agenda_id, entry.attempt) for entry in line.picture(["i"]).entries] == [("a", 1), ("b", 0)]
    assert [*line.watched.open()] == []


def test_the_sequence_moves_only_with_what_is_ready() -> None:
    line = ReadyLine("e")
    first = head(a=waiting(1))
    line.update("r", None, first)
    before = line.sequence(["i"])
    line.update("r", first, Head(version=2, link="m", last="f", agendas=first.agendas))
    assert line.sequence(["i"]) == before
    line.update("r", first, head())
    assert line.sequence(["i"]) > before


def test_a_picture_is_drawn_again_only_when_something_in_it_changed() -> None:
    line = ReadyLine("e")
    line.update("r", None, head(a=waiting(1)))
    first = line.picture(["i"])
    line.update("s", None, head(b=AgendaHead(customer_id="c", insight_id="other", added=1, ready=True)))
    assert line.picture(["i"]) is first
    assert len(line.picture(["i"], 0).entries) == 0
    line.update("t", None, head(c=waiting(2)))
    assert [entry.agenda_id for entry in line.picture(["i"]).entries] == ["a", "c"]


def test_a_picture_is_bounded_and_counts_everything() -> None:
    line = ReadyLine("e")
    for number in range(5000):
        line.update(f"r{number}", None, head(**{f"a{number}": waiting(number, f"c{number % 3}")}))
    picture = line.picture(["i"])
    assert len(picture.entries) == IN_ALL
    assert sum(picture.counts.values()) == 5000
    assert line.depths() == {"i": (5000, 0)}


def test_after_any_history_the_line_is_what_the_heads_say() -> None:
    chance, line = random.Random(1), ReadyLine("e")
    heads: dict[str, Head] = {}
    for _ in range(3000):
        stream = f"r{chance.randrange(40)}"
        agendas = {
            f"{stream}-{n}": AgendaHead(
                customer_id="c",
                insight_id="i",
                added=chance.randrange(100),
                ready=chance.random() < 0.5,
                expires=chance.choice([None, chance.randrange(100)]),
            )
            for n in range(chance.randrange(3))
        }
        after = head(**agendas)
        line.update(stream, heads.get(stream), after)
        heads[stream] = after
    pairs = [(name, agenda) for each in heads.values() for name, agenda in each.agendas.items()]
    ready = sorted((agenda.added or 0, name) for name, agenda in pairs if agenda.ready)
    assert [(entry.added, entry.agenda_id) for entry in line.picture(["i"], 10**6).entries] == ready
    assert [each.agenda_id for each in line.watched.open()] == [
        name for _, name in sorted((agenda.expires, name) for name, agenda in pairs if agenda.expires is not None)
    ]


def test_the_last_turn_is_the_latest_decision_and_survives_its_agenda() -> None:
    line = ReadyLine("e")

    def served(epoch: int, number: int) -> Head:
        agenda = AgendaHead(customer_id="c", insight_id="i", attempt=1, queue="q", epoch=epoch, number=number)
        return head(a=agenda)

    line.update("r1", None, served(2, 1))
    line.update("r2", None, served(1, 9))
    assert line.memory.served("q") == {"c": (2, 1)}
    line.update("r1", served(2, 1), None)
    assert line.memory.served("q") == {"c": (2, 1)}
    assert line.memory.served("other") == {}
