"""Items made ahead: the same ones, in the same order, and errors in their turn."""

from __future__ import annotations

import threading

import pytest

from sevenfold.runtime.ahead import ahead


def test_the_items_come_in_order_from_another_thread():
    makers = set()

    def make():
        for number in range(5):
            makers.add(threading.current_thread())
            yield number

    assert list(ahead(make())) == [0, 1, 2, 3, 4]
    assert list(ahead([])) == []
    assert threading.current_thread() not in makers


def test_the_next_item_is_made_while_one_is_used():
    made = [threading.Event() for _ in range(3)]

    def make():
        for event in made:
            event.set()
            yield event

    for number, _ in enumerate(ahead(make())):
        assert made[min(number + 1, 2)].wait(timeout=10)


def test_a_small_item_lets_the_one_after_it_be_made_as_well():
    made = [threading.Event() for _ in range(4)]

    def make():
        for event in made:
            event.set()
            yield event

    items = ahead(make())
    next(items)
    assert made[2].wait(timeout=10) and not made[3].is_set()
    items.close()


def test_an_error_is_raised_after_the_items_before_it():
    def make():
        yield 1
        raise ValueError("broken")

    items = ahead(make())
    assert next(items) == 1
    with pytest.raises(ValueError, match="broken"):
        next(items)


def test_a_caller_that_stops_leaves_no_thread():
    items = ahead(iter(range(100)))
    assert next(items) == 0
    items.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]
