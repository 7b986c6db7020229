"""What clients may ask behind the question mark, and why that is refused.

Here: the shape of a query. Not here: bodies (requests.py), the answers (service.py). Unlike properties of a body,
parameters that nobody knows are passed over.
"""

import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError
from starlette.datastructures import QueryParams

from harness.sandbox.history import KNOWN
from harness.sandbox.refusals import Refused

MOST_ENTRIES = 50
"""Entries or conversations on one page. Source: protocol notes, sections 3.4, 3.5 and 9.1."""
USUAL_ENTRIES = 20

Asked = TypeVar("Asked", bound="Query")


def _whole_number(value: Any) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", value):
        raise PydanticCustomError("number", "no number")
    return int(value)


def _entry_types(value: Any) -> frozenset[str]:
    types = frozenset(filter(None, (word.strip() for word in str(value).split(","))))
    if not types <= KNOWN:
        raise PydanticCustomError("types", "unknown types")
    return types


_Number = BeforeValidator(_whole_number)
Limit = Annotated[int, _Number, Field(ge=1, le=MOST_ENTRIES)]
Milliseconds = Annotated[int, _Number, Field(ge=0, lt=10**18)]
EntryTypes = Annotated[
    frozenset[str],
    BeforeValidator(_entry_types),
    WithJsonSchema({"type": "array", "items": {"enum": sorted(KNOWN)}}),
]


class Query(BaseModel):
    """Parameters; unknown ones are passed over."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True)


class ConversationsQuery(Query):
    """GET conversation/list."""

    incl_closed_convs: bool = False
    limit: Limit = USUAL_ENTRIES


class EntriesQuery(Query):
    """GET conversation/{id}/entries; times in epoch milliseconds."""

    limit: Limit = USUAL_ENTRIES
    direction: Literal["FromStart", "FromEnd"] = "FromEnd"
    start_timestamp: Milliseconds | None = None
    end_timestamp: Milliseconds | None = None
    entry_type_filter: EntryTypes = frozenset()


class EndQuery(Query):
    """DELETE conversation/{id}, and its session."""

    es_developer_name: str


class DeploymentQuery(Query):
    """GET embedded-service-config and businesshours."""

    org_id: Annotated[str, Field(pattern=r"^00D[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?$")]
    es_config_name: str


class ConfigurationQuery(DeploymentQuery):
    """GET embedded-service-config."""

    language: str | None = None


def parse_query(kind: type[Asked], params: QueryParams) -> Asked:
    """Read a query.

    Args:
        kind: What it ought to be.
        params: The parameters as they came.

    Raises:
        Refused: 400; a parameter is missing or has a value that it can't have.
    """
    try:
        return kind.model_validate(dict(params))
    except ValidationError as invalid:
        error = invalid.errors(include_url=False)[0]
        name = error["loc"][0]
        raise Refused(400, f"Specify the {name}." if error["type"] == "missing" else f"Invalid {name}") from None
