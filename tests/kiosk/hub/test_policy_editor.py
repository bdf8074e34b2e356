"""The rules in the back office: one officer drafts, another approves, a day begins them, the trail keeps each step."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

import pytest

from kiosk.hub.node import Hub
from kiosk.policy import decide, moment_of, read_policy, write_policy
from kiosk.policy.comparing import Device, Someone, compare
from kiosk.policy.deciding import Rulebook
from kiosk.policy.rules import Policy, Rule
from kiosk.services import hub_services
from provisioning.clock import FakeClock, iso
from provisioning.config import Node
from provisioning.contracts import PublicCopy, PublicCopyAnswer
from tests.kiosk.hub.hub_kit import AMIRA, Officer, Peer, office, people_in, start_hub

CLOSES = {
    "id": "no-printing-in-the-closed-regime",
    "effect": "deny",
    "services": ["printing"],
    "because": "not_in_your_regime",
    "regimes-more": "closed, half-open",
    "hours": "",
    "note": "Decision 2026/12",
}


@pytest.fixture
def site(nodes: dict[str, Node], clock: FakeClock) -> Iterator[Hub]:
    made = start_hub(nodes["hub"], clock, hub_services())
    people_in(made)
    made.people.place_resident("r-bram", "closed", ("school",))
    yield made
    made.store.close()


def drafted(site: Hub) -> Officer:
    """A security officer with a draft that closes printing for one regime."""
    officer = office(site, "security")
    officer.form("/rules/", "/rules/draft")
    officer.form("/rules/draft/rules/new", "/rules/draft/rules/new", **CLOSES)
    return officer


def code_for(site: Hub, kiosk: Peer, uid: str) -> str:
    moment = moment_of(site.clock.now_utc(), site.node.site.timezone)
    return decide(site.ruling.book(), kiosk.sign_in(uid).standing, "printing", moment).code


def approve(site: Hub, officer: Officer, status: int = 303) -> str:
    draft = site.ruling.store.draft()
    assert draft is not None
    return officer.form("/rules/draft/preview", "/rules/draft/approve", status, sha256=draft.sha256)


def test_a_draft_changes_nothing_before_a_colleague_approves_it(
    site: Hub, nodes: dict[str, Node], clock: FakeClock
) -> None:
    kiosk = Peer(nodes["kiosk-b"], site, clock)
    writer = drafted(site)
    assert code_for(site, kiosk, "04B1") == ""
    writer.form("/rules/draft/preview", "/rules/draft/propose", first_day="2026-11-22")
    page = writer.read("/rules/draft/preview")
    assert "You wrote at this draft. A colleague must approve it." in page
    assert "Approve these rules?" not in page
    assert "policy-2" not in writer.read("/"), "it waits for somebody else"
    assert "policy-2" in office(site, "director").read("/")
    assert "policy-2" not in office(site, "landing").read("/?whose=all")
    assert "You wrote at this draft." in approve(site, writer, 409)
    director = office(site, "director")
    page = director.read("/rules/draft/preview")
    for words in (
        "no-printing-in-the-closed-regime",
        "1 have it nowhere any more",
        "school 1",
        "Decision 2026/12",
    ):
        assert words in page, words
    before = kiosk.ask(PublicCopy())
    approve(site, director)
    assert isinstance(before, PublicCopyAnswer)
    after = kiosk.ask(PublicCopy(etag=before.etag))
    assert isinstance(after, PublicCopyAnswer)
    assert after.changed
    assert code_for(site, kiosk, "04B1") == "not_in_your_regime"
    assert code_for(site, Peer(nodes["kiosk-a"], site, clock), AMIRA) == ""
    done = [one.action for one in site.trail.about("policy-2")]
    assert done == ["policy_drafted", "policy_rewritten", "policy_proposed", "policy_approved"]
    page = writer.read("/rules/")
    assert "Begin a draft" in page
    assert "Director" in page


def test_rules_for_a_later_day_begin_on_that_day_without_anyones_hand(
    site: Hub, nodes: dict[str, Node], clock: FakeClock
) -> None:
    kiosk, writer = Peer(nodes["kiosk-b"], site, clock), drafted(site)
    writer.form("/rules/draft/preview", "/rules/draft/propose", first_day="2026-11-24")
    approve(site, office(site, "director"))
    assert "planned" in office(site, "director").read("/rules/")
    assert code_for(site, kiosk, "04B1") == ""
    clock.advance(2 * 86400)
    assert code_for(site, kiosk, "04B1") == "not_in_your_regime"
    yesterday = site.ruling.may("r-bram", "printing", "kiosk-b", 0, clock.now_utc().replace(day=22))
    assert yesterday.allowed, "what was asked then is judged by the rules of then"


def test_whoever_approves_approves_what_they_read(site: Hub) -> None:
    writer, director = drafted(site), office(site, "director")
    writer.form("/rules/draft/preview", "/rules/draft/propose", first_day="2026-11-22")
    read = site.ruling.store.draft()
    assert read is not None
    writer.form("/rules/draft", "/rules/draft/rules/requests-for-all/remove")
    sent = {"sha256": read.sha256}
    assert "changed meanwhile" in director.form("/rules/draft/preview", "/rules/draft/approve", 409, **sent)
    assert "changed meanwhile" in approve(site, director, 409), "the change took the proposal back"
    assert site.ruling.in_force().version == 1


def test_whoever_proposes_a_draft_does_not_approve_it(site: Hub) -> None:
    drafted(site)
    director = office(site, "director")
    director.form("/rules/draft/preview", "/rules/draft/propose", first_day="2026-11-22")
    approve(site, director, 409)
    assert site.ruling.in_force().version == 1


def test_rules_do_not_begin_on_a_day_that_is_over(site: Hub) -> None:
    page = drafted(site).form("/rules/draft/preview", "/rules/draft/propose", 409, first_day="2026-11-21")
    assert "The rules can begin today or later." in page


def test_even_the_database_refuses_rules_that_one_officer_made_alone(site: Hub) -> None:
    drafted(site)
    run = site.store.run
    for sql in (
        "UPDATE policy_version SET document = x'00', effective_utc = '' WHERE version = 2",
        "INSERT INTO policy_hand VALUES (2, 'o-security', 'approved', '')",
        "INSERT INTO policy_version VALUES (9, 'office', '', '', x'00', '', NULL, NULL, '')",
        "UPDATE policy_version SET text = '' WHERE version = 1",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            run(sql)


def test_a_rule_that_contradicts_itself_is_said_beside_the_form_and_not_kept(site: Hub) -> None:
    officer = drafted(site)
    before = site.ruling.store.draft()
    changes: list[dict[str, object]] = [{"id": "Not Good!"}, {"id": "printing-for-all"}, {"because": ""}]
    for change in (*changes, {"services": []}, {"hours": "8-9"}):
        fields = {**CLOSES, "id": "x", **change}
        page = officer.form("/rules/draft/rules/new", "/rules/draft/rules/new", 409, **fields)
        assert "This rule cannot be kept." in page, change
        assert len(re.findall(r'class="field__error"[^>]*><svg', page)) == 1, change  # beside the field
        assert "rule x" not in page
    assert site.ruling.store.draft() == before


def test_a_rule_is_changed_renamed_and_taken_out(site: Hub) -> None:
    officer = drafted(site)
    where = "/rules/draft/rules/no-printing-in-the-closed-regime"
    assert "closed" in officer.read(where)
    officer.form(where, where, **{**CLOSES, "id": "no-printing", "days": ["sat", "sun"], "hidden": "yes"})
    rule = read_policy(site.ruling.store.draft().text).rules[-1]  # type: ignore[union-attr]
    assert (rule.id, rule.days, rule.hidden) == ("no-printing", ("sat", "sun"), True)
    assert rule.regimes == ("closed", "half-open")
    officer.form("/rules/draft", "/rules/draft/rules/no-printing/remove")
    assert site.ruling.store.draft().text == write_policy(site.ruling.book().policy)  # type: ignore[union-attr]


def test_a_draft_that_is_given_up_stays_in_the_list_and_another_may_begin(site: Hub) -> None:
    officer = drafted(site)
    officer.form("/rules/draft", "/rules/draft/drop")
    assert "given up" in officer.read("/rules/")
    officer.form("/rules/", "/rules/draft")
    assert site.ruling.store.draft().version == 3  # type: ignore[union-attr]
    assert "no-printing" in officer.read("/rules/versions/2")
    officer.read("/rules/versions/77", 404)


def test_a_draft_that_was_given_up_meanwhile_is_not_written_to_any_more(site: Hub) -> None:
    drafted(site)
    store = site.ruling.store
    given_up = store.draft()
    assert given_up is not None
    store.drop(given_up.version)
    store.rewrite(given_up.version, "", "o-director")
    store.propose(given_up.version, "", "o-director")
    now = store.version(given_up.version)
    assert now is not None
    assert (now.text, now.proposed_utc) == (given_up.text, "")
    assert "o-director" not in [one.officer_id for one in store.hands(given_up.version)]


def test_an_officer_without_the_role_sees_no_rules(site: Hub) -> None:
    office(site, "landing").read("/rules/", 403)


# --- who gains, who loses ----------------------------------------------------------------------------------------


def test_a_preview_counts_people_by_what_opens_or_closes_for_them() -> None:
    people = [
        Someone("r-1", ("school",), "open"),
        Someone("r-2", ("school", "choir"), "open"),
        Someone("r-3", (), "closed"),
    ]
    devices = [Device("k-1", "corridor-kiosk", "A"), Device("k-2", "cell-screen", "A")]
    allow = Rule(id="films", effect="allow", services=("film",))
    evening = Rule(id="films", effect="allow", services=("film",), hours="18:00-22:00", groups=("school",))
    chess = Rule(id="chess", effect="allow", services=("chess",), residents=("r-3",), level=2)

    def book(*rules: Rule) -> Rulebook:
        return Rulebook(Policy(schema=1, title="", rules=rules))

    found = compare(book(allow), book(evening, chess), people, devices, "gent", ["film", "chess", "notices"])
    assert [(one.service, one.gain, one.opened, one.lose, one.closed) for one in found] == [
        ("film", 0, 0, 3, 1),
        ("chess", 1, 1, 0, 0),
    ]
    assert dict(found[0].lose_groups) == {"school": 2, "choir": 1, "": 1}
    assert compare(book(allow), book(allow), people, devices, "gent", ["film"]) == []


def test_the_clock_of_the_fixture_is_what_the_days_above_stand_on(clock: FakeClock) -> None:
    assert iso(clock.now_utc()).startswith("2026-11-22")
