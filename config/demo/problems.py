"""What stops a journey, in a sentence a person can act on."""

from __future__ import annotations


class JourneyFailed(Exception):
    """A step of the journey did not happen."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
