"""The entries of a conversation as the service writes them: payloads, and the envelope around them.

Here: shapes, nothing but shapes; optional fields that the samples of the service show as null are null here too.
Not here: when an entry is due (player.py, conversations.py) and who gets it (streams.py).

Source: protocol notes, sections 5 and 7; the samples beside the tests.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

Payload = dict[str, Any]

EVENTS = {
    "Message": "CONVERSATION_MESSAGE",
    "ParticipantChanged": "CONVERSATION_PARTICIPANT_CHANGED",
    "RoutingResult": "CONVERSATION_ROUTING_RESULT",
    "RoutingWorkResult": "CONVERSATION_ROUTING_WORK_RESULT",
    "SessionStatusChanged": "CONVERSATION_SESSION_STATUS_CHANGED",
    "DeliveryAcknowledgement": "CONVERSATION_DELIVERY_ACKNOWLEDGEMENT",
    "ReadAcknowledgement": "CONVERSATION_READ_ACKNOWLEDGEMENT",
    "TypingStartedIndicator": "CONVERSATION_TYPING_STARTED_INDICATOR",
    "TypingStoppedIndicator": "CONVERSATION_TYPING_STOPPED_INDICATOR",
    "ProgressIndicator": "CONVERSATION_PROGRESS_INDICATOR",
    "StreamingToken": "CONVERSATION_STREAMING_TOKEN",
    "QueuePosition": "CONVERSATION_QUEUE_POSITION",
    "CloseConversation": "CONVERSATION_CLOSE_CONVERSATION",
}
"""Name of the SSE event by type of the entry."""


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def now() -> int:
    """Give the time as the wire has it: milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def record_id(prefix: str) -> str:
    """Make a record id of 18 characters; its prefix tells the kind (`0Mw` a messaging session, `005` a user, …)."""
    return f"{prefix}Hb{uuid4().hex[:10]}AAQ"


def compact(value: Any) -> str:
    """Write JSON as the service does: no blanks, characters as they are."""
    return _JSON.encode(value)


@dataclass(frozen=True)
class Participant:
    """Somebody in a conversation."""

    role: str
    app_type: str
    display_name: str
    subject: str
    client_identifier: str = ""

    def wire(self) -> dict[str, str]:
        """Give the participant as entries name it."""
        return {
            "role": self.role,
            "appType": self.app_type,
            "subject": self.subject,
            "clientIdentifier": self.client_identifier,
        }


def end_user(subject: str, client: str) -> Participant:
    """Give the participant that an anonymous client is."""
    return Participant("EndUser", "iamessage", "Guest", subject, client)


def chatbot(name: str) -> Participant:
    """Give a bot; bots have no client identifier in the published samples."""
    return Participant("Chatbot", "chatbot", name, record_id("0Xx"))


def rep(name: str) -> Participant:
    """Give a service rep."""
    return Participant("Agent", "agent", name, record_id("005"), str(uuid4()))


def system() -> Participant:
    """Give the automation that routes and reports."""
    return Participant("System", "conversation", "Automated Process", str(uuid4()), str(uuid4()))


def envelope(
    payload: Payload,
    *,
    sender: Participant,
    conversation: str,
    channel: str,
    related: Sequence[str] = (),
    at: int | None = None,
) -> dict[str, Any]:
    """Wrap a payload into what the `data:` line of its event holds.

    Args:
        payload: The payload; it goes in as a JSON string.
        sender: Who it comes from.
        conversation: Id of the conversation.
        channel: Identifier of the channel's address.
        related: Records it is about; for an acknowledgement the id of the acknowledged message.
        at: When it was written, in epoch milliseconds; now if left out.
    """
    at = now() if at is None else at
    return {
        "channelPlatformKey": channel,
        "channelType": "embedded_messaging",
        "channelAddressIdentifier": channel,
        "conversationId": conversation,
        "conversationEntry": {
            "senderDisplayName": sender.display_name,
            "identifier": payload["id"],
            "entryType": payload["entryType"],
            "entryPayload": compact(payload),
            "sender": sender.wire(),
            "contextParamMap": {},
            "visibilityStrategy": "Default",
            "transcriptedTimestamp": at,
            "relatedRecords": list(related),
            "clientTimestamp": at,
            "clientDuration": 0,
        },
    }


def _payload(entry_type: str, **fields: Any) -> Payload:
    return {"entryType": entry_type, "id": str(uuid4()), **fields}


# What is said


def message(
    kind: str,
    body: Payload,
    *,
    id_: str | None = None,
    in_reply_to: str | None = None,
    reason: str | None = None,
    revised: bool = False,
) -> Payload:
    """Build a message.

    Args:
        kind: `messageType`.
        body: The field that holds the content, such as `{"staticContent": {…}}`.
        id_: Its id; a new one if left out.
        in_reply_to: Id of the message it answers.
        reason: `messageReason`, such as `AutomatedResponse`.
        revised: The sender changed the answer while validating it.
    """
    id_ = id_ or str(uuid4())
    payload: Payload = {
        "entryType": "Message",
        "id": id_,
        "abstractMessage": {
            "messageType": kind,
            "inReplyToMessageId": in_reply_to,
            "id": id_,
            "references": [],
            **body,
        },
        "messageReason": reason,
    }
    return {**payload, "wasRevised": True} if revised else payload


def text(said: str, **more: Any) -> Payload:
    """Build a text message; `more` is for `message`."""
    return message("StaticContentMessage", {"staticContent": {"formatType": "Text", "text": said}}, **more)


def title_item(title: str) -> Payload:
    """Build what carries the label of an option."""
    return {
        "itemType": "TitleItem",
        "title": title,
        "subTitle": None,
        "secondarySubTitle": None,
        "tertiarySubTitle": None,
        "referenceId": None,
    }


def option_item(identifier: str, label: str) -> Payload:
    """Build an option that is offered."""
    return {
        "itemType": "TitleOptionItem",
        "titleItem": title_item(label),
        "optionIdentifier": identifier,
        "optionId": None,
    }


def selected(identifier: str, label: str) -> Payload:
    """Build an option that was picked; the service adds the label."""
    return {"optionIdentifier": identifier, "optionId": None, "optionTitle": title_item(label)}


def choices(layout: str, said: str, labels: Sequence[str]) -> tuple[Payload, dict[str, str]]:
    """Build a message that offers options.

    Args:
        layout: `Buttons` or `QuickReplies`.
        said: The text above them.
        labels: What the options say.

    Returns:
        The message, and the labels by option identifier.
    """
    options = {str(uuid4()): label for label in labels}
    items = [option_item(key, label) for key, label in options.items()]
    images: Payload = {"images": []} if layout == "QuickReplies" else {}
    body = {"choices": {"formatType": layout, "text": said, **images, "optionItems": items}}
    return message("ChoicesMessage", body), options


def selections(options: dict[str, str], *, id_: str, in_reply_to: str | None) -> Payload:
    """Build the echo of a selection; the service adds the labels (`options`: label by option identifier)."""
    picked = [selected(key, label) for key, label in options.items()]
    body = {"choicesResponse": {"formatType": "Selections", "selectedOptions": picked}}
    return message("ChoicesResponseMessage", body, id_=id_, in_reply_to=in_reply_to)


def attachments(said: str | None, *, id_: str, file_id: str, name: str, mime_type: str, **more: Any) -> Payload:
    """Build a message with a file that was uploaded; `said` is its caption, `more` is for `message`."""
    file = {
        "name": name,
        "attachmentUploadResult": {"resultType": "CompletedAttachmentUploadResult"},
        "id": file_id,
        "mimeType": mime_type,
        "url": f"https://files.harbour.example/dl/{file_id}",
        "referenceId": None,
    }
    content = {"formatType": "Attachments", "text": said, "attachments": [file]}
    return message("StaticContentMessage", {"staticContent": content}, id_=id_, **more)


def rich_link(url: str, **more: Any) -> Payload:
    """Build the message that shows where a URL leads to; the preview is of our own making, nobody goes and looks."""
    host = url.split("/")[2]
    link = {"itemType": "TitleLinkItem", "titleItem": title_item(host), "url": url}
    image = {
        "assetType": "ImageAsset",
        "id": str(uuid4()),
        "mimeType": "image/png",
        "assetHandle": None,
        "assetUrl": "https://files.harbour.example/img/link.png",
        "description": f"Preview of {host}",
        "referenceId": None,
    }
    content = {"formatType": "RichLink", "linkItem": link, "image": image, "text": None, "video": None}
    return message("StaticContentMessage", {"staticContent": content}, **more)


def acknowledgement(kind: str, message_id: str, by: Participant) -> Payload:
    """Build a `Delivery` or `Read` acknowledgement of a message."""
    return _payload(
        f"{kind}Acknowledgement",
        recipient=by.wire(),
        acknowledgedConversationEntryIdentifier=message_id,
        acknowledgementTimestamp=now(),
    )


def typing(state: str) -> Payload:
    """Build a typing indicator; the state is `started` or `stopped`."""
    return _payload(f"Typing{state.capitalize()}Indicator", timestamp=now())


def progress(said: str) -> Payload:
    """Build what an AI agent says while it executes an action."""
    return _payload(
        "ProgressIndicator",
        progressIndicator={
            "indicatorType": "ProgressUpdateIndicator",
            "timestamp": now(),
            "progressMessage": {"formatType": "Text", "text": said},
        },
    )


@dataclass(frozen=True)
class TokenSet:
    """The tokens of one streamed message.

    Attributes:
        target: Id that the final message will have.
    """

    target: str = field(default_factory=lambda: str(uuid4()))

    def token(self, number: int, said: str, *, batch: int = 0) -> Payload:
        """Build a piece of the text; `number` is its place, from 1."""
        return self._token("MessageStreamingToken", number, batch, token={"formatType": "Text", "text": said})

    def invalid(self, number: int, reason: str) -> Payload:
        """Build the verdict that what was streamed must go."""
        return self._token("StreamingTokenValidation", number, 0, result={"valid": False, "reason": reason})

    def _token(self, kind: str, number: int, batch: int, **content: Payload) -> Payload:
        return _payload(
            "StreamingToken",
            streamingToken={
                "tokenType": kind,
                "sequenceNumber": number,
                "timestamp": now(),
                "targetMessageIdentifier": self.target,
                "batchNumber": batch,
                "turnId": self.target,
                **content,
            },
        )


# Who is there


def routing_result(
    routing: str,
    *,
    record: str,
    pending: str,
    estimated_wait: int | None = None,
    initiator: Participant | None = None,
    queue: str | None = None,
) -> Payload:
    """Build the news that work was submitted for routing.

    Args:
        routing: `Initial` or `Transfer`.
        record: Id of the messaging session.
        pending: Id of the pending routing.
        estimated_wait: Seconds, where the channel estimates them.
        initiator: Who asked, for a transfer.
        queue: Id of the queue, for a transfer.
    """
    payload = _payload(
        "RoutingResult",
        failureType="None",
        failureReason=None,
        recordId=record,
        errorMessages=[],
        routingType=routing,
        estimatedWaitTime=_wait(estimated_wait),
        pendingServiceRoutingId=pending,
    )
    if initiator is not None:
        payload |= {
            "isExternallyRouted": False,
            "initiator": initiator.wire(),
            "routingConfigurationDetails": {"routingConfigurationType": "QueueRoutingType", "queueId": queue},
        }
    return payload


def routing_failure(routing: str, *, failure: str, reason: str) -> Payload:
    """Build the news that nobody is to be had (`failure` such as `SubmissionError`; `reason` is for display)."""
    return _payload(
        "RoutingResult",
        failureType=failure,
        failureReason=reason,
        recordId=None,
        errorMessages=["Queue has no available members"],
        routingType=routing,
        estimatedWaitTime=_wait(None),
    )


def _wait(seconds: int | None) -> Payload:
    return {"isEWTRequested": seconds is not None, "estimatedWaitTimeInSeconds": -1 if seconds is None else seconds}


def routing_work(work: str, routing: str, *, work_id: str, record: str, **target: str) -> Payload:
    """Build what became of routed work.

    Args:
        work: `Assigned`, `Accepted`, …
        routing: `Initial` or `Transfer`.
        work_id: Id of the work.
        record: Id of the messaging session.
        target: Whose it is: `botId`, `queueId`, `agentSessionId`.
    """
    return _payload(
        "RoutingWorkResult",
        workType=work,
        workId=work_id,
        workTargetId=record,
        errorMessages=[],
        routingType=routing,
        **target,
    )


def participant_changed(operation: str, who: Participant) -> Payload:
    """Build the news that somebody came (`add`) or left (`remove`)."""
    change = {"operation": operation, "menuMetadata": None, "participant": who.wire(), "displayName": who.display_name}
    return _payload("ParticipantChanged", entries=[change])


def session_status(
    status: str,
    previous: str,
    *,
    session: str,
    conversation: str,
    channel: str,
    started: int,
    ended_by: str | None = None,
) -> Payload:
    """Build a change of the session's status; `started` in epoch milliseconds, `ended_by` a role."""
    return _payload(
        "SessionStatusChanged",
        sessionId=session,
        channelAddressIdentifier=channel,
        conversationIdentifier=conversation,
        sessionStatus=status,
        sessionStatusPrev=previous,
        sessionStartTime=started,
        sessionEndTime=now() if status == "Ended" else None,
        sessionEndedByRole=ended_by,
    )


def queue_position(position: int, *, pending: str, record: str) -> Payload:
    """Build the place in the queue, counted from 1."""
    return _payload("QueuePosition", pendingServiceRoutingId=pending, workItemId=record, position=position)


def close_conversation(conversation: str) -> Payload:
    """Build the end of a conversation that the end user has closed."""
    return _payload("CloseConversation", conversationIdentifier=conversation)
