"""The last look at what Allure is about to write, whoever has told it.

Not here: what must not be written (plugin/safety.py).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import allure_commons
from allure_commons.logger import AllureFileLogger


class Clean(str):
    """Text that was made of what has been redacted already, such as a page of 100 kB: it is not looked at again."""

    __slots__ = ()


Tidy = Callable[[Any], Any]
"""Takes secrets out of a text, or of an object of Allure's."""


def look_at(tidy: Tidy) -> None:
    """Have everything go through this before Allure's writers of this process write it."""
    hooks = allure_commons.plugin_manager.hook
    for hook in (hooks.report_result, hooks.report_container, hooks.report_attached_data, hooks.report_attached_file):
        for found in hook.get_hookimpls():
            if isinstance(found.plugin, AllureFileLogger):
                found.function = _tidied(found.function, found.plugin, tidy)


def _tidied(write: Callable[..., None], writer: AllureFileLogger, tidy: Tidy) -> Callable[..., None]:
    """A writer's method that is given nothing secret."""

    def result(result: Any) -> None:
        write(tidy(result))

    def container(container: Any) -> None:
        if container.befores or container.afters:  # a file takes as long as a page
            write(tidy(container))

    def data(body: str | bytes, file_name: str) -> None:
        write(_text_without(body, tidy), file_name)

    def file(source: str, file_name: str) -> None:
        content = Path(source).read_bytes()
        told = _text_without(content, tidy)
        if told is content:
            write(source, file_name)
        else:
            writer.report_attached_data(told, file_name)  # type: ignore[no-untyped-call]

    match write.__name__:
        case "report_attached_data":
            return data
        case "report_attached_file":
            return file
        case "report_container":
            return container
    return result


def _text_without(body: str | bytes, tidy: Tidy) -> str | bytes:
    """A text without secrets; what is no text, as it is."""
    if isinstance(body, Clean):
        return body
    if isinstance(body, str):
        return str(tidy(body))
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return body
    told = str(tidy(text))
    return body if told == text else told.encode()
