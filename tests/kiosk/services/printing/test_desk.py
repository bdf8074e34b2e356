"""The officers' pages over HTTP: what they show, what each button does, and what it does the second time."""

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kiosk.services.base import OfficerCard
from kiosk.services.printing import rules
from provisioning.clock import FakeClock
from provisioning.contracts import PrintOrder
from tests.kiosk.services.printing.kit import BOTH, ELS, MARC, NADIA, PAUL, TOM, Hub, make_app, officer, sheet


class Office:
    """A browser without a screen: opens pages and presses their buttons as one officer after another."""

    def __init__(self, hub: Hub) -> None:
        self.hub, self.who = hub, ELS
        self.client: FlaskClient = make_app(hub, lambda: self.who).test_client()

    def read(self, path: str, who: OfficerCard = ELS, status: int = 200) -> str:
        self.who = who
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    def press(self, path: str, who: OfficerCard = ELS, **fields: str) -> TestResponse:
        """Send a form as the page drew it (with its token)."""
        self.who = who
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get("/-/patterns?ui=office").text)
        with self.client.session_transaction() as session:
            session.setdefault("csrf", token[1] if token else "token")
            csrf = session["csrf"]
        return self.client.post(path, data={"csrf_token": csrf, **fields})

    def page_of(self, key: str) -> str:
        return f"/printing/requests/{self.hub.request(key).number}"


@pytest.fixture
def office(hub: Hub) -> Office:
    return Office(hub)


def test_the_review_shows_all_that_a_decision_needs(office: Office, hub: Hub) -> None:
    hub.offer(flags=("long_thin",))
    before = hub.ask()
    hub.service.deciding.refuse(before, ELS, "enough_made")
    text = office.read(office.page_of(hub.ask(copies=2)))
    for words in (
        "Amira · B",
        "العربية",
        "60 × 24 × 31,5 mm",
        "24,8 g",
        "20 min",
        "3,00",
        "PLA",
        "Muurhaak",
    ):
        assert words in text, words
    assert "Long and thin" in text or "Lang en dun" in text
    assert text.count("/printing/pictures/") >= 3
    assert hub.request(before).number in text


def test_an_approval_is_one_press_and_the_page_then_says_who(office: Office, hub: Hub) -> None:
    hub.offer()
    key = hub.ask()
    answer = office.press(office.page_of(key) + "/approve")
    assert answer.status_code == 303
    assert "Els" in office.read(answer.headers["Location"])
    again = office.press(office.page_of(key) + "/approve")
    assert again.headers["Location"].endswith(hub.request(key).number)
    assert hub.count("print_decisions") == 1


def test_a_colleagues_later_press_says_that_it_was_decided(office: Office, hub: Hub) -> None:
    hub.offer()
    key = hub.ask()
    office.press(office.page_of(key) + "/approve")
    late = office.press(office.page_of(key) + "/refuse", TOM, reason="unsafe", confirmed="yes")
    assert late.status_code == 303
    text = office.read(late.headers["Location"], officer("o-tom", "workshop"))
    assert 'role="alert"' in text
    assert "Els" in text
    assert hub.request(key).state == "approved"


def test_a_refusal_is_shown_in_the_residents_language_before_it_is_sent(office: Office, hub: Hub) -> None:
    hub.offer()
    key = hub.ask()
    step = office.press(office.page_of(key) + "/refuse", reason="unsafe", words="De haak is te scherp.")
    assert step.status_code == 200
    assert "هذه القطعة غير مسموح بها" in step.text
    assert "De haak is te scherp." in step.text
    assert hub.request(key).state == "received"
    done = office.press(office.page_of(key) + "/refuse", reason="unsafe", words="Te scherp.", confirmed="yes")
    assert done.status_code == 303
    assert hub.request(key).state == "refused"


def test_a_refusal_without_a_reason_comes_back_with_what_was_typed(office: Office, hub: Hub) -> None:
    hub.offer()
    key = hub.ask()
    for fields in ({"reason": "", "words": "Ik typte dit."}, {"reason": "other", "words": ""}):
        answer = office.press(office.page_of(key) + "/refuse", **fields)
        assert answer.status_code == 409
        assert fields["words"] in answer.text
        assert "field__error" in answer.text


def test_an_objection_is_answered_by_another_officer_only(office: Office, hub: Hub) -> None:
    hub.offer()
    key = hub.ask()
    hub.service.deciding.refuse(key, ELS, "enough_made")
    hub.object_to(key)
    assert "/answer" not in office.read(office.page_of(key), ELS)
    assert "/answer" in office.read(office.page_of(key), TOM)
    answer = office.press(office.page_of(key) + "/answer", TOM, verdict="overturned", words="Toch goed.")
    assert answer.status_code == 303
    assert hub.request(key).state == "approved"
    assert "Toch goed." in office.read(office.page_of(key))


def test_an_officer_without_the_role_sees_the_request_but_no_buttons(office: Office, hub: Hub) -> None:
    hub.offer()
    key = hub.ask()
    assert "/approve" not in office.read(office.page_of(key), NADIA)
    assert office.press(office.page_of(key) + "/approve", NADIA).status_code == 409
    technician = officer("o-ines", "technician")
    office.read(office.page_of(key), technician, status=403)
    assert hub.count("print_decisions") == 0


def test_the_list_filters_by_state_and_finds_by_number_person_and_officer(office: Office, hub: Hub) -> None:
    hub.offer()
    mine, other = hub.ask(), hub.ask("r-luc")
    hub.service.deciding.refuse(other, ELS, "unsafe")
    number, other_number = hub.request(mine).number, hub.request(other).number
    assert number in office.read("/printing/requests")
    assert other_number not in office.read("/printing/requests")
    assert other_number in office.read("/printing/requests?state=refused")
    every = "/printing/requests?state=all&q="
    for wanted, found in ((number.lower(), number), ("Luc", other_number), ("els", other_number)):
        text = office.read(every + wanted)
        assert found in text
        assert (other_number if found == number else number) not in text
    office.read("/printing/requests?state=nonsense", status=404)


def test_two_officers_sign_a_model_on_its_page(office: Office, hub: Hub) -> None:
    hub.service.hear("farm-1", sheet())
    page = "/printing/models/1"
    assert "/sign/workshop" in office.read(page, ELS)
    assert "/sign/" not in office.read(page, TOM)  # added the file
    office.press(page + "/sign/workshop", BOTH)
    assert "/sign/" not in office.read(page, BOTH)
    late = office.press(page + "/sign/workshop", ELS)
    assert late.headers["Location"].endswith("said=slot_filled")
    office.press(page + "/sign/security", PAUL)
    assert [model.model_id for model in hub.service.offered_models()] == ["m-hook"]
    text = office.read(page)
    assert "Both" in text
    assert "Paul" in text


def test_a_model_is_refused_or_withdrawn_only_with_a_reason(office: Office, hub: Hub) -> None:
    model = hub.offer()
    page = f"/printing/models/{model.sheet_no}"
    assert office.press(page + "/end", MARC, revoke="yes", words=" ").status_code == 409
    assert office.press(page + "/end", MARC, revoke="yes", words="Een scherpe rand.").status_code == 303
    assert "Een scherpe rand." in office.read(page)
    assert hub.service.offered_models() == ()
    assert "m-hook" in office.read("/printing/models")


def test_a_request_reads_as_a_page_of_paper(office: Office, hub: Hub) -> None:
    hub.offer()
    key = hub.ask()
    hub.service.deciding.refuse(key, ELS, "other", "Eerst de les.")
    text = office.read(office.page_of(key) + "/paper")
    assert "Eerst de les." in text
    assert hub.request(key).number in text


def test_the_queue_shows_each_officer_what_is_theirs(office: Office, hub: Hub) -> None:
    hub.offer(flags=("tiny",))
    hub.ask()
    hub.service.hear("farm-1", sheet("m-clip"))
    with make_app(hub, lambda: ELS).test_request_context():
        mine = {
            who.officer_id: [item.mine for item in hub.service.work_items(who)] for who in (ELS, MARC, NADIA)
        }
        items = hub.service.work_items(ELS)
    assert mine == {"o-els": [False, True], "o-marc": [True, True], "o-nadia": [False, False]}
    assert items[0].flags == ("Heel klein: makkelijk te verbergen of in te slikken.",)
    assert all(office.read(item.url) for item in items)
    assert all(item.url and item.who and item.since_utc for item in items)


@pytest.mark.parametrize(
    "path", ["/printing/requests/R-NOBODY", "/printing/models/99", "/printing/pictures/00.png"]
)
def test_what_is_not_there_is_said_plainly(office: Office, path: str) -> None:
    office.read(path, status=404)


def test_a_form_without_its_token_changes_nothing(office: Office, hub: Hub) -> None:
    hub.offer()
    key = hub.ask()
    assert office.client.post(office.page_of(key) + "/approve", data={}).status_code == 409
    assert hub.request(key).state == "received"


def test_words_of_officers_are_shown_as_text(office: Office, hub: Hub, clock: FakeClock) -> None:
    hub.offer()
    key = hub.ask()
    hub.service.deciding.refuse(key, ELS, "other", "<script>alert(1)</script>")
    assert "<script>alert" not in office.read(office.page_of(key))
    assert len(rules.REFUSAL_REASONS) == 10
    assert [w for w in hub.context.outbox.waiting("farm-1") if isinstance(w.contract, PrintOrder)] == []
