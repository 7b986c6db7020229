"""The operations of the service, as a table: what is asked where, with what, and how it is answered.

Here: the description, and the OpenAPI document that is made of it and of the models that requests are read with, so
that it says what is really accepted. Not here: what an operation does (miaw.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from harness.sandbox.answers import Endpoint

_REFERENCE = "#/components/schemas/{model}"
_DEPLOYMENTS = {"esDeveloperName", "esConfigName"}
_REFUSAL = {
    "type": "object",
    "properties": {"message": {"type": "string"}, "errorCode": {"type": "string"}},
    "required": ["message", "errorCode"],
    "additionalProperties": False,
}
_ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "Id of the conversation, a UUID of version 4.",
    "schema": {"type": "string", "format": "uuid"},
}


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        name: As the service's reference names it.
        method: HTTP method.
        path: Path, with `{id}` for the conversation.
        endpoint: What answers.
        status: The status of success.
        refusals: The statuses of refusals.
        body: What the JSON body is read with; None if there is none.
        parts: What the parts of a form are read with, by name; None for a file.
        query: What the query is read with; None if there is none.
        headers: Headers it needs beside the token.
        answers: Media type of the answer; empty if there is none.
        needs_token: Whether it wants an access token.
        refuses_alike: Whether its refusals look as all others do.
    """

    name: str
    method: str
    path: str
    endpoint: Endpoint
    status: int
    refusals: tuple[int, ...] = ()
    body: type[BaseModel] | None = None
    parts: tuple[tuple[str, type[BaseModel] | None], ...] = ()
    query: type[BaseModel] | None = None
    headers: tuple[str, ...] = ()
    answers: str = "application/json"
    needs_token: bool = True
    refuses_alike: bool = True


def document(operations: Iterable[Operation], deployments: Iterable[str]) -> dict[str, Any]:
    """Give the OpenAPI document of some operations.

    Args:
        operations: The operations.
        deployments: The deployments that clients can ask for.

    Source: OpenAPI Specification 3.1.0.
    """
    operations = list(operations)
    _, schemas = models_json_schema(
        [(model, "validation") for one in operations for model in _models(one)], ref_template=_REFERENCE
    )
    defined = schemas.get("$defs", {})
    for schema in defined.values():
        _name_deployments(schema.get("properties", {}))
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {"title": "The sandbox's Messaging for In-App and Web", "version": "2.0.0"},
        "paths": paths,
        "components": {
            "schemas": {
                **defined,
                "Refusal": _REFUSAL,
                "Deployment": {"type": "string", "enum": sorted(deployments)},
            },
            "securitySchemes": {"accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _name_deployments(properties: dict[str, Any]) -> None:
    """Let what names a deployment say which ones there are."""
    properties.update({name: _named("Deployment") for name in _DEPLOYMENTS & properties.keys()})


def _models(one: Operation) -> list[type[BaseModel]]:
    return [model for model in (one.body, *(model for _, model in one.parts)) if model is not None]


def _operation(one: Operation) -> dict[str, Any]:
    success: dict[str, Any] = {"description": HTTPStatus(one.status).phrase}
    if one.answers:
        success["content"] = {one.answers: {}}
    refusal = {"content": {"application/json": {"schema": _named("Refusal")}}} if one.refuses_alike else {}
    described: dict[str, Any] = {
        "operationId": one.name,
        "parameters": _parameters(one),
        "responses": {
            str(one.status): success,
            **{str(status): {"description": HTTPStatus(status).phrase, **refusal} for status in one.refusals},
        },
    }
    if one.body is not None:
        described["requestBody"] = _body("application/json", _named(one.body.__name__))
    if one.parts:
        described["requestBody"] = _form(one)
    if one.needs_token:
        described["security"] = [{"accessToken": []}]
    return described


def _parameters(one: Operation) -> list[dict[str, Any]]:
    parameters = [_ID] if "{id}" in one.path else []
    parameters += [{"name": name, "in": "header", "schema": {"type": "string"}} for name in one.headers]
    if one.query is not None:
        schema = one.query.model_json_schema()
        required = schema.get("required", ())
        _name_deployments(schema["properties"])
        for name, value in schema["properties"].items():
            described = {"name": name, "in": "query", "required": name in required, "schema": value}
            if value.get("type") == "array":
                described |= {"style": "form", "explode": False}
            parameters.append(described)
    return parameters


def _form(one: Operation) -> dict[str, Any]:
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    parts = {name: file if model is None else _named(model.__name__) for name, model in one.parts}
    body = _body("multipart/form-data", {"type": "object", "properties": parts, "required": list(parts)})
    json = {name: {"contentType": "application/json"} for name, model in one.parts if model is not None}
    body["content"]["multipart/form-data"]["encoding"] = json
    return body


def _body(media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {media_type: {"schema": schema}}}


def _named(model: str) -> dict[str, Any]:
    return {"$ref": _REFERENCE.format(model=model)}
