"""Who gets nothing, so that the effect can be measured; and what the measurement says."""

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector.campaigns.uplift import Effect, arm, effect, sample_ratio
from tests.kiosk import COME_BACK, Kiosk, dormant, kiosk


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Kiosk]:
    with kiosk(tmp_path) as opened:
        yield opened


def arms(floor: Kiosk) -> dict[str, str]:
    return dict(floor.rows("SELECT person_key, arm FROM assignments"))


def test_a_share_gets_no_code_and_stays_without(floor: Kiosk) -> None:
    floor.put(dormant(40))
    floor.configure(COME_BACK + "holdout = 0.5\n")
    floor.sync()
    first = arms(floor)
    held_out = {key for key, each in first.items() if each == "holdout"}
    assert 10 <= len(held_out) <= 30
    assert len(first) == 40
    assert {f"c{who}" for who in floor.codes()} == set(first) - held_out
    floor.later(days=1)
    floor.put(dormant(40, first=3001))
    floor.configure(COME_BACK + "holdout = 0\ncooldown_days = 30\n")
    floor.sync()
    assert {key: each for key, each in arms(floor).items() if key in first} == first
    assert {each for key, each in arms(floor).items() if key not in first} == {"treated"}
    assert not {f"c{who}" for who in floor.codes()} & held_out


def test_who_is_held_out_does_not_depend_on_the_run(floor: Kiosk) -> None:
    floor.put(dormant(30))
    floor.configure(COME_BACK + "holdout = 0.5\n")
    floor.done("pull")
    planned = {each["change"]["customer_id"] for each in floor.plan()}
    assert arms(floor) == {}  # looking writes nothing down
    floor.done("push", "--force")
    assert set(floor.codes()) == planned


def test_a_small_group_has_no_holdout_unless_asked_for(floor: Kiosk) -> None:
    floor.put(dormant(60))
    floor.configure(COME_BACK.replace("coupons = 100", "coupons = 100, per_day = 100"))
    floor.sync()
    assert len(floor.codes()) == 60
    assert set(floor.rows("SELECT arm, share FROM assignments")) == {("treated", 0)}


def test_a_large_group_holds_out_a_tenth(floor: Kiosk) -> None:
    floor.put(dormant(1000))
    floor.configure(COME_BACK.replace("coupons = 100", "coupons = 2000, per_day = 2000"))
    (seen,) = _previewed(floor)
    assert seen["members"] == 1000
    (held_out,) = seen["left_out"].values()
    assert 70 <= held_out <= 130


def _previewed(floor: Kiosk) -> list[dict[str, Any]]:
    floor.done("pull")
    found: list[dict[str, Any]] = floor.done("campaign", "come-back", "--preview", "--json").json()
    return found


def test_only_who_has_a_turn_is_assigned(floor: Kiosk) -> None:
    """Whoever waits for tomorrow is measured from tomorrow on, in both arms."""
    floor.put(dormant(40))
    floor.configure(COME_BACK.replace("coupons = 100", "coupons = 100, per_day = 5") + "holdout = 0.5\n")
    floor.sync()
    assert len(floor.codes()) == 5
    assert 5 <= len(arms(floor)) < 25


def test_the_tag_of_the_campaign_never_reaches_those_held_out(floor: Kiosk) -> None:
    floor.put(dormant(30))
    floor.configure(COME_BACK + 'holdout = 0.5\ntag = "come-back"\n')
    floor.sync()
    tagged = {each for each in map(str, range(1001, 1031)) if floor.ram.tags_of(each)}
    assert tagged == set(floor.codes())
    assert 0 < len(tagged) < 30


def test_check_warns_of_a_group_that_is_tagged_itself(floor: Kiosk) -> None:
    floor.put(dormant(3))
    floor.configure(COME_BACK + "holdout = 0.1\n")
    assert "held out" not in floor.done("check").err
    tagged = floor.rules.replace("[groups.buyers]", 'tag = "dormant"\n\n[groups.buyers]')
    floor.write_config(rules=tagged)
    said = floor.done("check").err
    assert "  Campaign come-back: its group dormant is tagged sk:dormant, so those held out may get" in said
    assert " the mail too: give the campaign a tag.\n" in said


# -- the effect


def test_the_effect_by_hand() -> None:
    """Treated 0, 0, 10, 20 and held out 0, 0, 0, 4: means 7.5 and 1, variances 275/3 and 4."""
    seen = effect(arm([0, 0, 10, 20]), arm([0, 0, 0, 4]))
    assert (seen.treated.mean, seen.holdout.mean, seen.uplift) == (7.5, 1.0, 6.5)
    assert seen.treated.variance == pytest.approx(91.6666667)
    assert seen.low == pytest.approx(-3.0850, abs=1e-3)
    assert seen.high == pytest.approx(16.0850, abs=1e-3)
    assert seen.incremental == 26.0
    assert seen.verdict == "too small to tell"


def test_a_sample_too_small_says_how_many_it_needs() -> None:
    """Conversion 12 % of 100 against 10 % of 100: 80 % power needs about 3,800 in each arm."""
    seen = effect(arm([1.0] * 12 + [0.0] * 88), arm([1.0] * 10 + [0.0] * 90))
    assert seen.verdict == "too small to tell"
    assert seen.needed is not None
    assert 7_400 < seen.needed < 8_200


def test_the_sample_ratio() -> None:
    assert sample_ratio(900, 100, 100.0) == 1.0
    assert sample_ratio(930, 70, 100.0) == pytest.approx(0.001565, abs=1e-5)  # χ² = 10
    assert sample_ratio(10, 0, 0.0) == 1.0


RUNS, TREATED, HELD_OUT = 1000, 900, 300


def simulated(chance: random.Random, uplift: float) -> Effect:
    """Net sales as they are: most buy nothing, a few a lot. `uplift` is the true one, a person.

    One in five buys, for an exponential sum of 50 on average; those treated buy so much more often that the
    means differ by just the uplift.
    """
    base, mean = 0.2, 50.0
    share = base + uplift / mean
    buys = chance.random
    spends = chance.expovariate

    def bought(rate: float, people: int) -> list[float]:
        return [spends(1 / mean) if buys() < rate else 0.0 for _ in range(people)]

    return effect(arm(bought(share, TREATED)), arm(bought(base, HELD_OUT)))


def test_the_interval_covers_the_true_uplift_in_95_of_100_runs() -> None:
    """Tolerance: 1,000 runs at 95 % have a standard deviation of 0.7 points; skewed sales cost a little."""
    chance = random.Random(6)  # noqa: S311  a reproducible choice, not a secret
    seen = [simulated(chance, 4.0) for _ in range(RUNS)]
    covered = sum(each.low <= 4.0 <= each.high for each in seen) / RUNS
    assert 0.93 <= covered <= 0.97
    assert abs(sum(each.uplift for each in seen) / RUNS - 4.0) < 0.25


def test_a_campaign_without_effect_is_called_effective_in_about_five_of_100_runs() -> None:
    """Two-sided: either "more" or "less" than without it."""
    chance = random.Random(7)  # noqa: S311  a reproducible choice, not a secret
    called = sum(simulated(chance, 0.0).verdict != "too small to tell" for _ in range(RUNS)) / RUNS
    assert 0.03 <= called <= 0.07


def test_the_effect_of_a_campaign_end_to_end(floor: Kiosk) -> None:
    """Everybody treated buys for 50.00 with the code, 5.00 off; of those held out every second without."""
    floor.put(dormant(80))
    floor.set("kiosk", margin="0.4")
    floor.configure(COME_BACK.replace("coupons = 100", "coupons = 100, per_day = 100") + "holdout = 0.5\n")
    floor.sync()
    floor.later(days=3)
    codes = floor.codes()
    held_out = sorted(key[1:] for key, each in arms(floor).items() if each == "holdout")
    for place, who in enumerate(sorted(codes)):
        floor.buy(50_000 + place, int(who), codes[who][0], goods=5173, discounts=500, total=5000, tax=327)
    for place, who in enumerate(held_out[: len(held_out) // 2]):
        floor.buy(60_000 + place, int(who))
    floor.later(days=28)
    floor.sync()
    (seen,) = floor.done("campaign", "come-back", "--effect", "--json").json()
    treated = len(codes)
    assert (seen["sales"]["treated"]["people"], seen["sales"]["treated"]["mean"]) == (treated, 4673)
    assert seen["conversion"]["holdout"]["mean"] == (len(held_out) // 2) / len(held_out)
    assert seen["conversion"]["verdict"] == "more"
    assert (seen["discounts"], seen["running"], seen["ratio_odd"]) == (500 * treated, 0, False)
    uplift = Decimal(4673) - Decimal(4673) * (len(held_out) // 2) / len(held_out)
    profit = Decimal("0.4") * (uplift + 500) * treated - 500 * treated
    assert seen["profit"] == pytest.approx(float(profit))
    told = floor.done("campaign", "come-back", "--effect").out
    assert "Orders: more than without it.\n" in told
    assert "With an order" in told


def test_without_a_holdout_there_is_no_effect_to_show(floor: Kiosk) -> None:
    floor.put(dormant(3))
    floor.configure(COME_BACK)
    floor.sync()
    ran = floor.done("campaign", "come-back", "--effect")
    assert (ran.out, ran.err) == (
        "",
        "kiosk: nobody is held out of come-back, so its effect cannot be measured.\n",
    )
