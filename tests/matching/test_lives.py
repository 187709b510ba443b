"""Entries of one person heard together: at most one birth, nothing after death, copies do not compete, order does not matter."""
from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.life_rules import clash, span, too_young
from matching.lives import Claim, LinkedEntry, hear
from matching.registrations import Registration, same_event

NAMES = {"nks": "Lê Thị Loan", "me": "Trần Thị Mận", "cha": "Lê Văn Cường"}


def accept(_role: str) -> float:
    return 0.997


def birth(entry, claims, *, number="", registered="2017-03-18", happened="2017-03-01", names=NAMES, **more):
    return LinkedEntry(entry, Registration("KS", number, registered, happened, "UBND xã Nghĩa Kỳ", **more),
                       {r: Claim(*c) if isinstance(c, tuple) else c for r, c in claims.items()}, names)


def death(entry, person, p, happened):
    return LinkedEntry(entry, Registration("KT", "1", happened, happened), {"nkt": Claim(person, p)}, {"nkt": "Lê Thị Loan"})


def wedding(entry, claims, registered):
    return LinkedEntry(entry, Registration("KH", "1", registered), {r: Claim(*c) for r, c in claims.items()}, {})


def heard(*entries, born=None, named=None):
    return hear(entries, accept, born or {}, named or {})


def codes(found):
    return {place: [r[0] for r in h.reasons] for place, h in found.items()}


def test_two_sure_births_of_one_person_both_wait_and_each_names_the_other():
    other = {**NAMES, "nks": "Lê Thị Lan"}
    found = heard(birth(1, {"nks": ("051", 0.9999)}), birth(2, {"nks": ("051", 0.998)}, names=other))
    assert {p: h.reasons for p, h in found.items()} == {(1, "nks"): (("claimed_twice", "2"),), (2, "nks"): (("claimed_twice", "1"),)}
    assert all(h.held for h in found.values()) and found[1, "nks"].probability > found[2, "nks"].probability


def test_a_doubtful_rival_does_not_hold_a_sure_link():
    found = heard(birth(1, {"nks": ("051", 0.9999)}), birth(2, {"nks": ("051", 0.3)}, happened="2017-06-02"))
    assert not found[1, "nks"].held and found[1, "nks"].probability > 0.997
    assert found[2, "nks"].probability < 0.01 and codes(found)[2, "nks"] == ["claimed_twice"]


def test_what_a_person_said_is_never_doubted_and_others_give_way():
    found = heard(birth(1, {"nks": Claim("051", 0.6, fixed=True)}), birth(2, {"nks": ("051", 0.9999)}, happened="2017-06-02"))
    assert (1, "nks") not in found and codes(found)[2, "nks"] == ["claimed_by_person"] and found[2, "nks"].held


@pytest.mark.parametrize(("more", "clear"), [
    ({"number": "12"}, True),                                                       # the second copy of the book
    ({"number": "13"}, False),
    ({"number": "12", "registered": "2017-03-19"}, False),
    ({"number": "12", "names": {**NAMES, "nks": "Phạm Quốc Huy"}}, False),
    ({"number": "77", "registered": "2031-05-02", "again": True}, True),            # registered again after the book was lost
    ({"number": "77", "registered": "2031-05-02", "again": True, "happened": "2017-04-01"}, False),
    ({"number": "77", "registered": "2011-05-02", "again": True}, False),           # again, but before the first
])
def test_only_a_clear_duplicate_registration_does_not_compete(more, clear):
    found = heard(birth(1, {"nks": ("051", 0.9999)}, number="12"), birth(2, {"nks": ("051", 0.9999)}, **more))
    assert codes(found) == ({(1, "nks"): ["same_event"], (2, "nks"): ["same_event"]} if clear else
                            {(1, "nks"): ["claimed_twice"], (2, "nks"): ["claimed_twice"]})
    assert all(h.held != clear for h in found.values())


def test_nobody_marries_or_bears_after_death_but_a_father_may_have_died_before_the_birth():
    dead = death(9, "058", 0.9999, "2016-10-01")
    assert codes(heard(dead, wedding(1, {"chong": ("058", 0.9999)}, "2017-01-05"))) == {(1, "chong"): ["after_death"],
        (9, "nkt"): ["after_death"]}
    assert codes(heard(dead, birth(1, {"me": ("058", 0.9999)}))) == {(1, "me"): ["after_death"], (9, "nkt"): ["after_death"]}
    assert heard(dead, birth(1, {"cha": ("058", 0.9999)})) == {}                    # five months
    assert codes(heard(dead, birth(1, {"cha": ("058", 0.9999)}, happened="2017-09-01")))[1, "cha"] == ["after_death"]
    assert heard(death(9, "058", 0.9999, "2017"), wedding(1, {"chong": ("058", 0.9999)}, "2017-01-05")) == {}     # it may be before
    assert heard(death(9, "058", 0.9999, "2017-03-02"), birth(1, {"nks": ("058", 0.9999)})) == {}


def test_births_of_one_mother_lie_months_apart_or_are_twins():
    def second(day):
        alone = {"nks": "Lê Thị Loan", "me": "Trần Thị Mận"}
        return heard(birth(1, {"me": ("058", 0.9999)}, names=alone), birth(2, {"me": ("058", 0.9999)}, happened=day, names=alone))
    assert second("2017-03-02") == {} and second("2018-01-01") == {} and second("2017-06") == {}
    assert codes(second("2017-06-01")) == {(1, "me"): ["births_too_near"], (2, "me"): ["births_too_near"]}


def test_a_child_does_not_marry():
    found = heard(wedding(1, {"vo": ("051", 0.9999)}, "2017-01-05"), born={"051": "2009-04-01"})
    assert codes(found) == {(1, "vo"): ["too_young"]} and found[1, "vo"].held and found[1, "vo"].probability < 0.9999
    assert heard(wedding(1, {"vo": ("051", 0.9999)}, "2017-01-05"), born={"051": "2001"}) == {}
    assert not too_young(Registration("KH", registered="2017-01-05"), "vo", "")


def test_an_accepted_entry_of_the_same_couple_speaks_for_a_link_once():
    sure = [wedding(k, {"vo": ("058", 0.9999), "chong": ("059", 0.9999)}, f"200{k}-01-05") for k in (1, 2)]
    doubtful = birth(5, {"me": ("058", 0.9), "cha": ("059", 0.95)})
    one, two = heard(sure[0], doubtful), heard(*sure, doubtful)
    assert one[5, "me"].probability == two[5, "me"].probability > 0.99 and codes(one)[5, "me"] == ["known_couple"]
    assert heard(sure[0], doubtful, named={"058": True, "059": True}) == {}                             # the linker knew it already
    weak = wedding(1, {"vo": ("058", 0.9), "chong": ("059", 0.9999)}, "2001-01-05")
    assert (5, "me") not in heard(weak, doubtful)                                                       # not itself accepted


def test_a_partner_of_the_same_name_who_is_nobodys_link_speaks_too():
    sure = birth(1, {"me": ("058", 0.9999)}, happened="2014-01-01")
    found = heard(sure, birth(2, {"me": ("058", 0.9)}))
    assert found[2, "me"].probability > 0.95
    assert heard(sure, birth(2, {"me": ("058", 0.9)}, names={**NAMES, "cha": "Phạm Quốc Huy"})) == {}


PEOPLE = st.sampled_from(["051", "052", "058"])
ENTRIES = st.lists(st.builds(
    lambda kind, who, p, fixed, month, number: (kind, who, p, fixed, month, number), st.sampled_from(["KS", "KT", "KH"]), PEOPLE,
    st.floats(0.02, 0.99999), st.booleans(), st.integers(1, 12), st.sampled_from(["1", "2"])), min_size=2, max_size=4)


@settings(max_examples=60, deadline=None)
@given(ENTRIES)
def test_order_does_not_matter_and_facts_stand(rows):
    roles = {"KS": "nks", "KT": "nkt", "KH": "vo"}
    entries = [LinkedEntry(k, Registration(kind, number, f"2017-{month:02d}-01", f"2017-{month:02d}-01"),
                           {roles[kind]: Claim(who, p, fixed)}, {roles[kind]: "Lê Thị Loan"})
               for k, (kind, who, p, fixed, month, number) in enumerate(rows)]
    outcomes = [heard(*order) for order in permutations(entries)]
    assert all(o == outcomes[0] for o in outcomes)
    assert all(0 <= h.probability <= 1 for h in outcomes[0].values())
    assert not {(e.entry, r) for e in entries for r, c in e.claims.items() if c.fixed} & set(outcomes[0])


@given(st.integers(1900, 2030), st.integers(1, 12), st.integers(1, 28))
def test_a_date_spans_what_is_unknown_of_it(year, month, day):
    full, part, only = (span(t) for t in (f"{year}-{month:02d}-{day:02d}", f"{year}-{month:02d}", str(year)))
    assert only[0] <= part[0] <= full[0] == full[1] <= part[1] <= only[1]
    assert span("") is None and span("x") is None and span(f"{year}-02-31") is None


def test_clash_and_same_event_look_the_same_from_both_sides():
    a, b = Registration("KT", "1", "2016-01-01", "2016-01-01"), Registration("KH", "1", "2017-01-01")
    assert clash(a, "nkt", b, "vo") == clash(b, "vo", a, "nkt") == "after_death"
    one, two = Registration("KS", "1", "2016-01-01"), Registration("KS", "1", "2016-01-01")
    assert same_event(one, two, NAMES, NAMES) and not same_event(one, two, {}, NAMES)
