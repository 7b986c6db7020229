"""The service behind the requests: who may do what, and where everything is kept.

Here: tokens, end users, conversations, ownership, rates. Not here: HTTP (miaw.py), shapes of bodies (requests.py).
"""

import asyncio
from collections import defaultdict
from typing import Any
from uuid import uuid4

from harness.sandbox import entries, forms, player
from harness.sandbox.bots import Bot, Said
from harness.sandbox.conversations import Conversation, Session
from harness.sandbox.limits import FILE_TYPES, MOST_FILE_BYTES, Limits, Window
from harness.sandbox.multipart import Part
from harness.sandbox.refusals import Refused
from harness.sandbox.requests import (
    ChoicesResponse,
    CreateRequest,
    FileEntry,
    FormResponse,
    MessageRequest,
    TextMessage,
    TokenRequest,
)
from harness.sandbox.streams import EventIds, Stream, Subject
from harness.sandbox.tokens import Client, Tokens

TOO_LARGE = "File size exceeds the limit of 5 MB"
"""With the number, since one client reads it from the text (protocol notes, section 3.7)."""
WRONG_TYPE = "Set the esDeveloperName to a deploymentType that's set to api"


class Service:
    """All that one sandbox knows.

    Attributes:
        bots: The bots by deployment.
        tokens: The tokens issued.
        limits: What is allowed.
    """

    def __init__(
        self, bots: dict[str, Bot], *, tasks: asyncio.TaskGroup, token_lifetime: float, replay: int, limits: Limits
    ) -> None:
        self.bots, self.limits = bots, limits
        self.tokens = Tokens(token_lifetime)
        self._tasks, self._replay = tasks, replay
        self._ids = EventIds()
        self._subjects: dict[str, Subject] = {}
        self._conversations: dict[str, Conversation] = {}
        self._token_windows = defaultdict[str, Window](lambda: Window(limits.tokens_per_minute, 60))
        self._create_windows = defaultdict[str, Window](lambda: Window(limits.conversations_per_30_s, 30))

    def token(self, request: TokenRequest) -> dict[str, Any]:
        """Give a token to a new anonymous end user."""
        bot = self._bot(request.es_developer_name)
        if request.platform == "Web" and request.device_id is not None:
            raise Refused(400, "deviceId is not supported for platform Web")
        _admit(self._token_windows[request.org_id[:15]])
        device = request.device_id or str(uuid4())
        token, client = self.tokens.issue(
            org=request.org_id,
            deployment=bot.deployment,
            channel=bot.channel,
            capabilities=request.capabilities_version,
            device=device,
        )
        self._subjects[client.subject] = Subject(self._ids, replay=self._replay, overlap=bot.overlap)
        return {
            "accessToken": token,
            "lastEventId": str(self._ids.last),
            "context": {
                "configuration": {"embeddedServiceConfig": _configuration(bot), "timestamp": entries.now()},
                "deviceId": device,
                "endUser": {"appType": "iamessage", "role": "EndUser", "subject": client.subject},
            },
        }

    def open(self, client: Client, after: int | None) -> tuple[Stream, Subject]:
        """Open a stream of everything that concerns a client's end user, after the event with an id."""
        subject = self._subjects[client.subject]
        return subject.open(client.capabilities, after), subject

    def create(self, client: Client, request: CreateRequest) -> None:
        """Create a conversation and start its bot."""
        self._check_deployment(client, request.es_developer_name)
        if request.conversation_id in self._conversations:
            raise Refused(409, "A conversation with this conversationId already exists")
        _admit(self._create_windows[client.subject])
        conversation = Conversation(
            request.conversation_id,
            client=client,
            owner=self._subjects[client.subject],
            bot=self.bots[client.deployment],
            window=Window(self.limits.messages_per_minute, 60),
        )
        self._conversations[conversation.id] = conversation
        conversation.owner.open_conversations += 1
        self._start_session(conversation)

    def conversation(self, client: Client, id_: str) -> Conversation:
        """Give a conversation to its owner."""
        conversation = self.any_conversation(id_)
        if conversation.subject != client.subject:
            raise Refused(403, "Permission Denied")
        return conversation

    def any_conversation(self, id_: str) -> Conversation:
        """Give a conversation to whoever asks."""
        conversation = self._conversations.get(id_)
        if conversation is None:
            raise Refused(404, "Conversation not found")
        return conversation

    def open_conversation(self, client: Client, id_: str) -> Conversation:
        """Give a conversation to its owner who is about to do something in it."""
        conversation = self.conversation(client, id_)
        if conversation.is_closed:
            raise Refused(403, "The conversation is closed")
        return conversation

    def say(self, client: Client, conversation: Conversation, request: MessageRequest) -> dict[str, Any]:
        """Take a message; where the session has ended it starts another."""
        self._check_deployment(client, request.es_developer_name)
        if isinstance(request.message, FormResponse):
            form = conversation.forms.get(request.message.answers or "")
            if form is None:
                raise Refused(400, "The inReplyToMessageId names no form of this conversation")
            said, echo, problem = forms.answered(request.message, form)
            refusal = forms.refusal(problem, request.message.answers or "") if problem else None
            return self._take(conversation, said, echo, refusal=refusal)
        return self._take(conversation, *_heard(conversation, request.message))

    def send_file(self, client: Client, conversation: Conversation, request: FileEntry, file: Part) -> dict[str, Any]:
        """Take a file, and forget what is in it."""
        self._check_deployment(client, request.es_developer_name)
        if not conversation.bot.attachments:
            raise Refused(403, "Attachments are not enabled for this deployment")
        if len(file.content) > MOST_FILE_BYTES:
            raise Refused(413, TOO_LARGE)
        if file.content_type not in FILE_TYPES:
            raise Refused(415, "File type not supported")
        message = request.message
        echo = entries.attachments(
            message.text or None,
            id_=message.id,
            file_id=message.file_id,
            name=file.filename,
            mime_type=file.content_type,
            in_reply_to=message.in_reply_to_message_id or None,
        )
        return self._take(conversation, Said(message.id, message.text or "", file=file.filename), echo)

    def _take(
        self, conversation: Conversation, said: Said, echo: entries.Payload, *, refusal: entries.Payload | None = None
    ) -> dict[str, Any]:
        if said.id in conversation.messages:
            raise Refused(409, "A message with this id already exists")
        _admit(conversation.window)
        if conversation.session is None or conversation.session.is_over:
            self._start_session(conversation)
        conversation.hear(said, echo, refusal=refusal)
        return {"conversationEntries": [{"id": said.id, "clientTimestamp": entries.now()}]}

    def end_session(self, client: Client, conversation: Conversation, deployment: str | None) -> None:
        """End the session; the conversation stays open."""
        self._check_deployment(client, deployment)
        conversation.end_by_user()

    def close(self, client: Client, conversation: Conversation, deployment: str | None) -> None:
        """Close the conversation."""
        self._check_deployment(client, deployment)
        conversation.close()
        conversation.owner.open_conversations -= 1

    def end_streams(self) -> None:
        """End all open streams in good order."""
        for subject in self._subjects.values():
            for stream in subject.streams:
                stream.end()

    def _start_session(self, conversation: Conversation) -> None:
        conversation.session = Session()
        conversation.routing_status = "INITIAL"
        playing = player.play(conversation, conversation.session)
        conversation.session.player = self._tasks.create_task(playing, name=f"bot of {conversation.id}")

    def _bot(self, deployment: str) -> Bot:
        bot = self.bots.get(deployment)
        if bot is None:
            raise Refused(400, f'There is no deployment "{deployment}"')
        if bot.type != "api":
            raise Refused(400, WRONG_TYPE)
        return bot

    def _check_deployment(self, client: Client, deployment: str | None) -> None:
        if deployment is None:
            raise Refused(400, "Specify the esDeveloperName.")
        self._bot(deployment)
        if deployment != client.deployment:
            raise Refused(400, "The esDeveloperName does not match the access token")


def _admit(window: Window) -> None:
    if not window.admits():
        raise Refused(429, "Too many requests")


def _heard(conversation: Conversation, message: TextMessage | ChoicesResponse) -> tuple[Said, entries.Payload]:
    """Give what a message says, and its echo."""
    if isinstance(message, TextMessage):
        text = message.static_content.text
        return Said(message.id, text), entries.text(text, id_=message.id, in_reply_to=message.answers)
    chosen: dict[str, str] = {}
    for option in message.choices_response.selected_options:
        label = conversation.offered.get(option.option_identifier)
        if label is None:
            raise Refused(400, "The optionIdentifier was not offered in this conversation")
        chosen[option.option_identifier] = label
    echo = entries.selections(chosen, id_=message.id, in_reply_to=message.answers)
    return Said(message.id, ", ".join(chosen.values())), echo


def _configuration(bot: Bot) -> dict[str, Any]:
    """Give the deployment as clients see it; `deploymentType` is upper case, as observed."""
    return {
        "name": bot.deployment,
        "deploymentType": "API",
        "embeddedServiceMessagingChannel": {"channelAddressIdentifier": bot.channel, "authMode": "UnAuth"},
        "forms": [],
        "attachments": {"endUserToAgent": bot.attachments, "maxFileSize": 5},
        "choiceListConfig": {"choiceList": []},
        "transcript": {"allowTranscriptDownload": False},
    }
