"""What visitors read, in their language.

The English text is the key; catalogues lie in ``translations/``.  An application
that has its own translations gives ``oauth.gettext``, for example Flask-Babel's.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from flask import request

#: Takes a text with ``%(name)s`` in it, and its values.
GetText = Callable[..., str]

CATALOGUES: Final = Path(__file__).parent / "translations"
ENGLISH: Final = "en"


@functools.cache
def languages() -> frozenset[str]:
    """The languages there are catalogues of, and English."""
    return frozenset({ENGLISH, *(path.stem for path in CATALOGUES.glob("*.json"))})


@functools.cache
def catalogue(language: str) -> Mapping[str, str]:
    """The texts of a language by their English."""
    if language == ENGLISH:
        return {}
    texts: dict[str, str] = json.loads((CATALOGUES / f"{language}.json").read_text("utf-8"))
    return texts


def visitors_language() -> str:
    """The language of our pages that this visitor likes best."""
    for wanted, quality in request.accept_languages:
        language = wanted.replace("_", "-").split("-")[0].lower()
        if quality > 0 and language in languages():
            return language
    return ENGLISH


def in_own_words(text: str, **values: Any) -> str:
    """A text of ours in the visitor's language."""
    found = catalogue(visitors_language()).get(text, text)
    return found % values if values else found
