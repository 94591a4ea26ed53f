"""Joining a base with a path without parsing gives what parsing would give."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_oauth.extension.response import joined

BASES = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(("https://", "http://", "HTTPS://", "//", "")),
        st.sampled_from(("api.example.com", "localhost:8000", "[::1]:80", "user:secret@h", "")),
        st.text("/.ab~?#", max_size=6),
    ),
)


@given(BASES, st.text("ab1/.?#:;=%&@\\ ~_-\n", max_size=8))
def test_joining_is_that_of_the_standard_library(base: str, url: str) -> None:
    assert joined(base, url) == urljoin(base, url)


@pytest.mark.parametrize("url", ["user", "user/repos?page=2&per_page=100", "1.1/statuses/update.json", "a-b_c~d"])
def test_usual_paths(url: str) -> None:
    assert joined("https://api.example.com/v2/", url) == urljoin("https://api.example.com/v2/", url)
