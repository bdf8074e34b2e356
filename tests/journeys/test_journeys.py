"""Every journey, in one file: so the site is started once, also when tests are spread over two processes."""

import pytest

from tests.journeys.residents import (
    test_a_lone_screen_warns_counts_down_and_closes,
    test_a_resident_goes_from_badge_to_receipt_and_leaves_a_blank_screen,
    test_a_wrong_pin_is_told_with_the_tries_that_are_left,
    test_taking_the_badge_away_blanks_the_screen_within_two_seconds,
    test_the_menu_and_the_models_speak_the_residents_language,
    test_without_the_hub_a_request_waits_and_is_delivered_once,
    test_without_the_hub_the_idle_screen_says_who_can_sign_in,
)

pytestmark = pytest.mark.web

__all__ = [name for name in dir() if name.startswith("test_")]
