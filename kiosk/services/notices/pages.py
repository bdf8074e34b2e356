"""Notices on the kiosk: what the house tells everyone, readable without signing in."""

from flask import Blueprint, render_template

from kiosk.services.pages import kiosk
from provisioning.errors import Refused

pages = Blueprint("notices", __name__, url_prefix="/notices", template_folder="templates")


@pages.get("/")
def all_of_them() -> str:
    """Every notice in force, urgent ones first."""
    return render_template("kiosk/notices/list.html", notices=kiosk().notices())


@pages.get("/<notice_id>")
def one(notice_id: str) -> str:
    """One notice."""
    found = next((notice for notice in kiosk().notices() if notice.notice_id == notice_id), None)
    if found is None:
        raise Refused("not_found")
    return render_template("kiosk/notices/one.html", notice=found)
