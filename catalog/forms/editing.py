"""The form of the editor: a rule's text, what staff lays over it, and why.

A field that is left empty says nothing: the text's own word holds. Lists take the word `none` for an empty one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django import forms

from catalog.words import unknown_word
from detections.analysis.overrides import Overrides
from detections.attack.technique import TECHNIQUE_ID
from detections.documents.decoding import MAX_BYTES
from detections.models import Technique
from detections.normalization.platforms import DOMAINS, platform_names

NOTHING = "none"
LAID_OVER = ("title", "status", "level", "techniques", "platforms", "domains")
LISTS = ("techniques", "platforms", "domains")
MOST_WORDS = 100
_BETWEEN = re.compile(r"\s*[,;\n]\s*")


class ListField(forms.CharField):
    """Words with commas between them, as a tuple; None for an empty field, () for `none`."""

    def __init__(self, known: Iterable[str] = (), **options: Any) -> None:
        super().__init__(required=False, max_length=2000, **options)
        self.known = tuple(known)

    def clean(self, value: Any) -> tuple[str, ...] | None:
        written = super().clean(value)
        if not written:
            return None
        if written.casefold() == NOTHING:
            return ()
        words = tuple(dict.fromkeys(self.word(word) for word in _BETWEEN.split(written) if word))
        if len(words) > MOST_WORDS:
            raise forms.ValidationError(f"At most {MOST_WORDS} at once.")
        self.check(words)
        return words

    def word(self, word: str) -> str:
        """The word as the catalog spells it."""
        return next((name for name in self.known if name.casefold() == word.casefold()), word)

    def check(self, words: tuple[str, ...]) -> None:
        """Raises what is wrong with the words. Without a list of known ones every word is good."""
        wrong = [word for word in words if self.known and word not in self.known]
        if wrong:
            raise forms.ValidationError([unknown_word(word, self.known) for word in wrong])


class TechniquesField(ListField):
    """Ids of techniques; blanks part them too. With ATT&CK loaded each has to be in it."""

    def clean(self, value: Any) -> tuple[str, ...] | None:
        return super().clean(re.sub(r"\s+", ",", value.strip()) if isinstance(value, str) else value)

    def word(self, word: str) -> str:
        return word.upper()

    def check(self, words: tuple[str, ...]) -> None:
        wrong = [word for word in words if not TECHNIQUE_ID.fullmatch(word)]
        if wrong:
            raise forms.ValidationError([f"{word[:40]!r} is no id: write T1059 or T1059.001." for word in wrong])
        known = set(Technique.objects.filter(attack_id__in=words).values_list("attack_id", flat=True))
        unknown = [word for word in words if word not in known]
        if unknown and Technique.objects.exists():
            raise forms.ValidationError([f"ATT&CK knows no technique {word}." for word in unknown])


class EditForm(forms.Form):
    """What an editor may change. `version` is the number that they began from, 0 for a new rule."""

    text = forms.CharField(
        strip=False, max_length=MAX_BYTES, error_messages={"required": "A rule needs a text."}
    )  # fmt: skip
    title = forms.CharField(required=False, max_length=400)
    status = forms.CharField(required=False, max_length=40)
    level = forms.CharField(required=False, max_length=40)
    techniques = TechniquesField()
    platforms = ListField(platform_names())
    domains = ListField(sorted(DOMAINS))
    reason = forms.CharField(
        max_length=500, error_messages={"required": "Say why: the reason stands in the rule's history."}
    )  # fmt: skip
    version = forms.IntegerField(min_value=0, required=False)

    def clean_text(self) -> str:
        """Newlines as `\\n`, as every text of the catalog has them; a browser sends others."""
        text: str = self.cleaned_data["text"].replace("\r\n", "\n")
        return text

    def clean_version(self) -> int:
        return self.cleaned_data["version"] or 0

    def overrides(self, stored: Overrides) -> Overrides:
        """What is laid over the text: the form's words in place of the stored ones. What is wrong says nothing."""
        said = {name: self.cleaned_data.get(name) for name in LAID_OVER}
        return replace(stored, **{name: words if name in LISTS else words or None for name, words in said.items()})


def written(overrides: Mapping[str, Any]) -> dict[str, str]:
    """Stored overrides as the form's fields show them."""
    return {name: _written(overrides.get(name)) for name in LAID_OVER}


def _written(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else ", ".join(value) or NOTHING
