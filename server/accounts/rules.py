"""What a password must be, and what a user name may be."""

import re

LEAST = 10  # characters; NIST SP 800-63B-4 §3.1.1.2 wants eight where there is a second factor
MOST = 200
READ = 72  # characters that the estimate looks at: its time grows with the square
GUESSES = 2  # zxcvbn's score: above a hundred million guesses, more than lock-out ever lets through
USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{1,63}\Z")


def password_fault(password: str, *names: str) -> str | None:
    """Why this is no password for whoever goes by these names: `too-short`, `too-long`, `holds-name`,
    `too-common`; None where it is one.
    """
    if len(password) < LEAST:
        return "too-short"
    if len(password) > MOST:
        return "too-long"
    bare = password.casefold()
    if any(len(name) > 2 and name.casefold() in bare for name in names):
        return "holds-name"
    # Its lists of the passwords that are tried first take a moment to load.
    from zxcvbn import zxcvbn

    score: int = zxcvbn(password[:READ], user_inputs=[*names, "xunjian", "巡检"])["score"]
    return "too-common" if score < GUESSES else None
