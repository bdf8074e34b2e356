"""What a version of the agreement is and what it must be before anyone may sign it. Pure: values in, values out."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec

from provisioning.contracts import AgreementSection
from provisioning.errors import Refused

Fault = Literal[
    "no_section",
    "too_many",
    "picture_unknown",
    "title_missing",
    "title_long",
    "text_missing",
    "sentence_long",
    "text_long",
]

# A screen is read in one look, or heard in half a minute: the house's rule for residents' sentences (twenty words)
# and the product's for a section (about forty).
SENTENCE_WORDS = 20
SECTION_WORDS = 40
TITLE_WORDS = 8
SECTIONS_MAX = 12


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The text of one version, in every language. ``title`` is for officers; residents never see it."""

    schema: Literal[1] = 1
    title: str = ""
    sections: tuple[AgreementSection, ...] = msgspec.field(name="section", default=())


class TermsUnreadable(Refused):
    """A text is no agreement; ``reason``."""

    code = "agreement_unreadable"


@dataclass(frozen=True)
class Problem:
    """Why a version cannot be proposed yet: which section (from 1; 0: the whole), in which language (or "")."""

    section: int
    language: str
    fault: Fault


def read_toml(text: str) -> Terms:
    """The terms of a TOML text.

    Raises:
        TermsUnreadable: not TOML, or a key or value in it is wrong.
    """
    try:
        return msgspec.toml.decode(text, type=Terms)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise TermsUnreadable(reason=str(error)) from error


def read_terms(text: str) -> Terms:
    """The terms as they are kept on disk (JSON). Raises as :func:`read_toml`."""
    try:
        return msgspec.json.decode(text, type=Terms)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise TermsUnreadable(reason=str(error)) from error


def write_terms(terms: Terms) -> str:
    """The one JSON text of these terms."""
    return msgspec.json.encode(terms).decode()


def problems(terms: Terms, languages: Collection[str], pictures: Collection[str]) -> tuple[Problem, ...]:
    """Everything that keeps these terms from being proposed, section by section; nothing when they are ready."""
    whole: list[Problem] = []
    if not terms.sections:
        whole.append(Problem(0, "", "no_section"))
    if len(terms.sections) > SECTIONS_MAX:
        whole.append(Problem(0, "", "too_many"))
    for number, section in enumerate(terms.sections, start=1):
        if section.picture not in pictures:
            whole.append(Problem(number, "", "picture_unknown"))
        for language in languages:
            whole += [Problem(number, language, fault) for fault in faults_in(section, language)]
    return tuple(whole)


def faults_in(section: AgreementSection, language: str) -> Iterator[Fault]:
    """What is wrong with a section in one language."""
    title, sentences = section.title.get(language, ""), section.sentences.get(language, ())
    if not title.strip():
        yield "title_missing"
    elif words(title) > TITLE_WORDS:
        yield "title_long"
    if not any(one.strip() for one in sentences):
        yield "text_missing"
    if any(words(one) > SENTENCE_WORDS for one in sentences):
        yield "sentence_long"
    if sum(map(words, sentences)) > SECTION_WORDS:
        yield "text_long"


def words(text: str) -> int:
    """How many words a sentence has; a mark that stands alone (as before a French question mark) is none."""
    return sum(any(letter.isalnum() for letter in part) for part in text.split())


def moved(terms: Terms, number: int, by: int) -> Terms:
    """The same terms with section ``number`` (from 1) moved by so many places, as far as that goes."""
    sections = list(terms.sections)
    place = number - 1
    one = sections.pop(place)
    sections.insert(min(max(place + by, 0), len(sections)), one)
    return msgspec.structs.replace(terms, sections=tuple(sections))


def without(terms: Terms, number: int) -> Terms:
    """The same terms without section ``number`` (from 1)."""
    left = tuple(one for place, one in enumerate(terms.sections, start=1) if place != number)
    return msgspec.structs.replace(terms, sections=left)


def with_section(terms: Terms, number: int, section: AgreementSection) -> Terms:
    """The same terms with another section ``number`` (from 1); 0 puts it at the end."""
    if not number:
        return msgspec.structs.replace(terms, sections=(*terms.sections, section))
    sections = tuple(section if place == number else one for place, one in enumerate(terms.sections, start=1))
    return msgspec.structs.replace(terms, sections=sections)
