"""What a printer says that a person should read: prompts, run-out, errors; bounded, whatever the printer does. Pure."""

from __future__ import annotations

import re

from farm.link.events import Busy, ColdExtrusion, CommandRefused, Event, HostAction, PrinterHalted, Said
from farm.words import PrinterSays

TEXT_MAX = 200
BUTTONS_MAX = 8  # more do not fit a printer's own screen either
AGAIN_S = 60.0  # the same sentence again is news after so long
BURST, BURST_S = 10, 10.0  # and never more than so many in so long
_THERMAL = re.compile(r"heat|thermal|MAXTEMP|MINTEMP|temperature", re.IGNORECASE)
_PLAIN = {
    "notification": "notification",
    "out_of_filament": "out_of_filament",
    "filament_runout": "out_of_filament",
}


class Sayings:
    """The open prompt, and what may be passed on now. Times are the caller's seconds."""

    def __init__(self) -> None:
        self.prompt: PrinterSays | None = None  # still open: said again to a desk that comes back
        self._text, self._buttons = "", list[str]()
        self._last_s: dict[PrinterSays, float] = {}

    def take(self, event: Event, now_s: float) -> PrinterSays | None:
        """What to tell the desk of this event, if anything."""
        told = self._prompt(event) if isinstance(event, HostAction) else None
        told = told or _note(event)
        if told is None:
            return None
        self._last_s = {one: at_s for one, at_s in self._last_s.items() if now_s - at_s < AGAIN_S}
        if told.what not in {"prompt", "prompt_end"}:
            recent = sum(now_s - at_s < BURST_S for at_s in self._last_s.values())
            if told in self._last_s or recent >= BURST:
                return None
            self._last_s[told] = now_s
        return told

    def forget(self) -> None:
        """The printer began anew: nothing is open."""
        self.prompt, self._text, self._buttons = None, "", []

    def _prompt(self, action: HostAction) -> PrinterSays | None:
        """A prompt comes in parts: begin, a button each, show; end when it was answered (Marlin host_actions.cpp)."""
        text = action.text[:TEXT_MAX]
        if action.name == "prompt_begin":
            self._text, self._buttons = text, []
        elif action.name in {"prompt_button", "prompt_choice"} and len(self._buttons) < BUTTONS_MAX:
            self._buttons.append(text)
        elif action.name == "prompt_show":
            shown = PrinterSays("prompt", self._text, tuple(self._buttons))
            if shown != self.prompt:
                self.prompt = shown
                return shown
        elif action.name == "prompt_end" and self.prompt is not None:
            self.forget()
            return PrinterSays("prompt_end")
        return None


def _note(event: Event) -> PrinterSays | None:
    match event:
        case HostAction(name=name, text=text) if name in _PLAIN:
            return PrinterSays(_PLAIN[name], text[:TEXT_MAX])
        case ColdExtrusion():
            return PrinterSays("cold_extrusion")
        case PrinterHalted(reason=text):
            return PrinterSays("thermal" if _THERMAL.search(text) else "error", text[:TEXT_MAX])
        case CommandRefused(reason=text):
            return PrinterSays("error", text[:TEXT_MAX])
        case Busy(what=what) if what.startswith("paused"):
            return PrinterSays("notification", what[:TEXT_MAX])
        case Said(text=text) if text.startswith("Error:"):
            return PrinterSays("error", text.removeprefix("Error:").strip()[:TEXT_MAX])
        case _:
            return None
