"""What of a simulated user is kept out of files and failures, and how it is called there.

Not here: finding it in a text (timeline/redaction.py).
"""

from functools import lru_cache

from harness.timeline.redaction import Redactor
from harness.user.persona import Persona

_DIGITS_OF_A_PHONE = 7


@lru_cache(maxsize=1024)
def redactor_of(persona: Persona) -> Redactor:
    """What takes the persona's data out of texts, and puts it back.

    Besides the values themselves their likely other forms: names in capitals, the address in small letters, the bare
    digits of the telephone number.
    """
    names = {"first_name": persona.first_name, "last_name": persona.last_name, "name": persona.name}
    digits = "".join(filter(str.isdecimal, persona.phone))
    return Redactor(
        {
            **names,
            "email": persona.email,
            "phone": persona.phone,
            **{f"{label}.upper": value.upper() for label, value in names.items()},
            "email.lower": persona.email.lower(),
            "phone.digits": digits if len(digits) >= _DIGITS_OF_A_PHONE else "",
        }
    )
