"""Every journey, in one file: so the site is started once, also when tests are spread over two processes."""
# ruff: noqa: F403 - pytest collects what a module holds

import pytest

from tests.journeys.bad_input import *
from tests.journeys.newcomers import *
from tests.journeys.officers import *
from tests.journeys.residents import *
from tests.journeys.sticks import *
from tests.journeys.who import *

pytestmark = pytest.mark.web
