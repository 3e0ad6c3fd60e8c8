"""The admin's login of a demonstration: a password that can be read aloud."""

import secrets

NAME = "admin"
CONSONANTS = "bdfgklmnprstvz"
VOWELS = "aeiou"
GROUPS = 4
SYLLABLES = 2  # in a group; 49 bits in all


def new_password() -> str:
    groups = ("".join(_syllable() for _ in range(SYLLABLES)) for _ in range(GROUPS))
    return "-".join(groups)


def _syllable() -> str:
    return secrets.choice(CONSONANTS) + secrets.choice(VOWELS)
