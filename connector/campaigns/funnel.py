"""How far the codes of a campaign have come, with the money at each step."""

from collections.abc import Sequence

import msgspec

from connector.campaigns.states import Code, State


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step: how many codes are or were there, and what that means in money (minor units)."""

    name: str
    codes: int
    value: int  #: face value of these codes; at "redeemed" what they took off
    sales: int = 0  #: net sales of the orders they were used in


def funnel(codes: Sequence[Code]) -> list[Step]:
    """The way of the codes. Whoever was handed over was issued too; the last steps exclude each other."""
    made = [each for each in codes if each.state is not State.PLANNED]
    handed = [each for each in made if each.handed_at is not None]
    return [
        _step("issued", made),
        _step("handed over", handed),
        *(
            _step(state.value, [each for each in made if each.state is state])
            for state in (State.REDEEMED, State.RELEASED, State.EXPIRED, State.REVOKED)
        ),
        _step("open", [each for each in codes if each.is_open()]),
    ]


def _step(name: str, codes: Sequence[Code]) -> Step:
    redeemed = name == State.REDEEMED.value
    return Step(
        name=name,
        codes=len(codes),
        value=sum(each.cost if redeemed else each.face_value for each in codes),
        sales=sum(each.sales for each in codes) if redeemed else 0,
    )
