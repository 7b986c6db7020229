"""Texts that only this user can read again, on this machine: the key stays where its user keeps such things.

What is sealed can stand in files that somebody may hand on, and says nothing there.
"""

import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from cryptography.fernet import Fernet, InvalidToken
from platformdirs import user_state_path


def seal(text: str) -> str:
    """Seal a text; it becomes empty where no key can be kept."""
    return Fernet(key).encrypt(text.encode()).decode() if (key := _key(make=True)) else ""


def unseal(sealed: str) -> str | None:
    """Give a text that was sealed; None where the key is another, or gone."""
    key = _key(make=False)
    if key is None or not sealed:
        return None
    try:
        return Fernet(key).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None


def _path() -> Path:
    return user_state_path("conversation-harness") / "sealing.key"


def _key(*, make: bool) -> bytes | None:
    """The key of this user on this machine; None if there is none, and none can be made."""
    path = _path()
    try:
        if make and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = path.with_suffix(f".{uuid4().hex}")
            os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            fresh.write_bytes(Fernet.generate_key())
            with suppress(FileExistsError):
                os.link(fresh, path)  # the first of several processes
            fresh.unlink()
        key = path.read_bytes()
        Fernet(key)
    except (OSError, ValueError):
        return None
    return key
