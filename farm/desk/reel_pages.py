"""Reels: taken in, mounted on printers, weighed."""

from __future__ import annotations

from flask import Blueprint, render_template, url_for
from werkzeug.wrappers import Response

from farm.desk import words
from farm.desk.fields import choice_field, grams_field, once
from farm.desk.guard import may, needs, officer
from farm.desk.node import Desk
from provisioning.errors import Refused

SHELF = "shelf"


def reel_pages(desk: Desk) -> Blueprint:
    """The reels page and its buttons."""
    pages = Blueprint("reels", __name__, url_prefix="/reels")
    printers = {one.printer_id: one.name for one in desk.farm.printers}

    @pages.get("/")
    @needs("farm_seen")
    def every() -> str:
        """Every reel."""
        return render_template(
            "reels/every.html",
            reels=desk.workshop.reels(),
            printers=printers,
            words=words,
            may=may,
            weight_g=desk.live.weight_g(),
        )

    @pages.post("/")
    @needs("reel_handled")
    def add() -> Response:
        """Take a reel in."""
        material = choice_field("material", words.MATERIALS)
        colour = choice_field("colour", words.COLOURS)
        grams = grams_field("grams", low=1, high=5000)
        return once(desk, lambda: _add(desk, material, colour, grams))

    @pages.post("/<reel_id>/mount")
    @needs("reel_handled")
    def mount(reel_id: str) -> Response:
        """Put a reel on a printer, or on the shelf."""
        where = choice_field("printer", {*printers, SHELF})
        return once(desk, lambda: _mount(desk, reel_id, None if where == SHELF else where))

    @pages.post("/<reel_id>/weigh")
    @needs("reel_handled")
    def weigh(reel_id: str) -> Response:
        """What is left on a reel, without its spool."""
        grams = grams_field("grams", high=5000)
        return once(desk, lambda: _weigh(desk, reel_id, grams))

    return pages


def _add(desk: Desk, material: str, colour: str, grams: float) -> str:
    reel = desk.workshop.add_reel(material, colour, grams, officer().officer_id)
    desk.trail.record(
        officer().officer_id, "reel_taken_in", reel.reel_id, material=material, colour=colour, grams=grams
    )
    return url_for("reels.every")


def _mount(desk: Desk, reel_id: str, printer_id: str | None) -> str:
    reel = desk.workshop.reel(reel_id)
    for busy in filter(None, (printer_id, reel.printer_id)):
        if desk.queue.open_run_on(busy) is not None:
            raise Refused("printer_has_a_run", printer=busy)
    desk.workshop.mount(reel_id, printer_id)
    desk.trail.record(officer().officer_id, "reel_mounted", reel_id, printer=printer_id)
    return url_for("reels.every")


def _weigh(desk: Desk, reel_id: str, grams: float) -> str:
    before = desk.workshop.reel(reel_id).grams_left
    desk.workshop.weigh_reel(reel_id, grams)
    desk.trail.record(officer().officer_id, "reel_weighed", reel_id, expected_g=before, grams=grams)
    return url_for("reels.every")
