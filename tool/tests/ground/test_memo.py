"""What is worked out once holds also where another thread forgets all of it meanwhile."""

from paperbuild.ground.memo import once


class Holder:
    """Something that remembers, and is made to forget."""

    def __init__(self):
        self.known = {}

    def forget(self):
        self.known = {}


def test_a_value_is_made_once():
    known, made = {}, []
    for _ in range(2):
        assert once(known, "a", lambda: made.append(1)) is None
    assert made == [1], "None is a value like any other"


def test_who_forgets_meanwhile_takes_nothing_away_and_learns_nothing_old():
    holder = Holder()

    def compute():
        holder.forget()
        return ["whole"]

    assert once(holder.known, "a", compute) == ["whole"]
    assert holder.known == {}, "what was worked out before is not remembered as found since"


def test_nobody_sees_a_value_that_is_half_made():
    holder = Holder()

    def compute():
        assert "a" not in holder.known
        return [1]

    once(holder.known, "a", compute)
    assert holder.known == {"a": [1]}
