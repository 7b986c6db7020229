"""The service behind the requests: who may do what, and where everything is kept.

Here: tokens, end users, conversations, ownership, rates. Not here: HTTP (miaw.py), shapes of bodies (requests.py).
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from harness.sandbox import entries, forms, links, pdf, player, transcripts
from harness.sandbox.bots import Bot, Said
from harness.sandbox.conversations import Conversation, Session
from harness.sandbox.customers import customer
from harness.sandbox.desk import Desk
from harness.sandbox.history import Archive
from harness.sandbox.limits import FILE_TYPES, MOST_FILE_BYTES, Limits, Window
from harness.sandbox.multipart import Part
from harness.sandbox.plans import Plans
from harness.sandbox.queries import ConversationsQuery, DeploymentQuery, EntriesQuery
from harness.sandbox.refusals import Refused
from harness.sandbox.requests import (
    ChoicesResponse,
    CreateRequest,
    CustomerTokenRequest,
    FileEntry,
    FormResponse,
    MessageRequest,
    Sending,
    TextMessage,
    TokenRequest,
)
from harness.sandbox.setup import configuration
from harness.sandbox.streams import EventIds, Stream, Subject
from harness.sandbox.tokens import Client, Tokens, anonymous, verified

TOO_LARGE = "File size exceeds the limit of 5 MB"
"""With the number, since one client reads it from the text (protocol notes, section 3.7)."""
WRONG_TYPE = "Set the esDeveloperName to a deploymentType that's set to api"


class Service:
    """All that one sandbox knows.

    Attributes:
        bots: The bots by deployment.
        tokens: The tokens issued.
        limits: What is allowed.
        plans: The faults that end users meet.
        desk: Where service reps sit whom somebody plays.
    """

    def __init__(
        self,
        bots: dict[str, Bot],
        *,
        tasks: asyncio.TaskGroup,
        token_lifetime: float,
        replay: int,
        limits: Limits,
        plans: Plans,
    ) -> None:
        self.bots, self.limits, self.plans = bots, limits, plans
        self.tokens = Tokens(token_lifetime)
        self._tasks, self._replay = tasks, replay
        self._ids = EventIds()
        self._subjects: dict[str, Subject] = {}
        self._conversations: dict[str, Conversation] = {}
        self.desk = Desk(self._conversations)
        self._by_subject = defaultdict[str, list[Conversation]](list)
        self._archive = Archive()
        self._token_windows = defaultdict[str, Window](lambda: Window(limits.tokens_per_minute, 60))
        self._renewal_windows = defaultdict[str, Window](lambda: Window(limits.renewals_per_minute, 60))
        self._create_windows = defaultdict[str, Window](lambda: Window(limits.conversations_per_30_s, 30))

    def token(self, request: TokenRequest) -> dict[str, Any]:
        """Give a token to a new anonymous end user, or to a customer who proves who they are."""
        bot = self._bot(request.es_developer_name)
        if request.platform == "Web" and request.device_id is not None:
            raise Refused(400, "deviceId is not supported for platform Web")
        admit(self._token_windows[request.org_id[:15]])
        subject, lifetime = anonymous(), self.tokens.lifetime
        if isinstance(request, CustomerTokenRequest):
            verification = bot.setup.verification
            try:
                subject = verified(verification.keyset, customer(request.customer_identity_token, verification))
                lifetime = verification.lifetime
            except Refused:
                if verification.otherwise == "refused":
                    raise
        token, client = self.tokens.issue(
            subject,
            org=request.org_id,
            deployment=bot.deployment,
            channel=bot.channel,
            capabilities=request.capabilities_version,
            device=request.device_id or str(uuid4()),
            lifetime=lifetime,
        )
        if subject not in self._subjects:
            plan = self.plans.meet(bot.deployment, subject)
            self._subjects[subject] = Subject(self._ids, replay=self._replay, overlap=bot.overlap, plan=plan)
        return {
            "accessToken": token,
            "lastEventId": str(self._ids.last),
            "context": {
                "configuration": self._configuration(bot),
                "deviceId": client.device,
                "endUser": {"appType": "iamessage", "role": "EndUser", "subject": subject},
            },
        }

    def continuation(self, client: Client) -> dict[str, Any]:
        """Give another token to the end user of a token; it is good for no longer than that one."""
        admit(self._renewal_windows[client.org])
        return {"accessToken": self.tokens.another(client), "lastEventId": str(self._ids.last)}

    def configuration(self, query: DeploymentQuery) -> dict[str, Any]:
        """Tell anybody how a deployment is configured."""
        return self._configuration(self._deployed(query.es_config_name))

    def business_hours(self, query: DeploymentQuery) -> dict[str, Any]:
        """Tell anybody when a deployment is open."""
        hours = self._deployed(query.es_config_name).setup.hours
        intervals = [
            {"startTime": _milliseconds(opens), "endTime": _milliseconds(closes)}
            for opens, closes in hours.intervals(datetime.now(UTC))
        ]
        return {"businessHoursInfo": {"name": hours.name, "isActive": hours.active, "businessHours": intervals}}

    def open(self, client: Client, after: int | None) -> tuple[Stream, Subject]:
        """Open a stream of everything that concerns a client's end user, after the event with an id."""
        subject = self._subjects[client.subject]
        return subject.open(client.capabilities, after), subject

    def create(self, client: Client, request: CreateRequest) -> None:
        """Create a conversation and start its bot."""
        self._check_deployment(client, request.es_developer_name)
        bot = self.bots[client.deployment]
        if request.conversation_id in self._conversations:
            raise Refused(409, "A conversation with this conversationId already exists")
        if bot.setup.storage_full:
            raise Refused(412, "Conversation Precondition failed")
        _check_lengths(bot, request.routing_attributes)
        admit(self._create_windows[client.subject])
        self.plans.add(request.routing_attributes, client.subject, request.conversation_id)
        conversation = Conversation(
            request.conversation_id,
            client=client,
            owner=self._subjects[client.subject],
            bot=bot,
            window=Window(self.limits.messages_per_minute, 60),
            wrote=self.desk.wrote,
        )
        self._conversations[conversation.id] = conversation
        self._by_subject[client.subject].append(conversation)
        conversation.owner.open_conversations += 1
        conversation.know(request.routing_attributes, request.language)
        self._start_session(conversation)

    def list_conversations(self, client: Client, query: ConversationsQuery) -> dict[str, Any]:
        """List an end user's conversations: the newest, in the order of their ids, since no order is promised."""
        mine = self._by_subject.get(client.subject, ())
        wanted = [one for one in reversed(mine) if query.incl_closed_convs or not one.is_closed]
        closed = sum(one.is_closed for one in wanted)
        return {
            "openConversationsFound": len(wanted) - closed,
            "closedConversationsFound": closed,
            "conversations": [one.summary() for one in sorted(wanted[: query.limit], key=lambda one: one.id)],
        }

    def list_entries(self, conversation: Conversation, query: EntriesQuery) -> dict[str, Any]:
        """List the entries of a conversation, a page of them."""
        page = conversation.history.page(
            query.limit,
            from_start=query.direction == "FromStart",
            start=query.start_timestamp,
            end=query.end_timestamp,
            types=query.entry_type_filter,
        )
        return {"conversationEntries": page}

    def transcript(self, conversation: Conversation) -> bytes:
        """Give a conversation as a PDF document."""
        if not conversation.bot.setup.transcript:
            raise Refused(403, "Transcripts are not enabled for this deployment")
        return pdf.document(transcripts.lines(conversation.history.messages()))

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
        message, refusal = request.message, None
        if isinstance(message, FormResponse):
            form = conversation.forms.get(message.answers or "")
            if form is None:
                raise Refused(400, "The inReplyToMessageId names no form of this conversation")
            said, echo, problem = forms.answered(message, form)
            echoes = [echo]
            refusal = forms.refusal(problem, message.answers or "") if problem else None
        elif isinstance(message, TextMessage):
            said, echoes = _text(message)
        else:
            said, echoes = _choice(conversation, message)
        return self._take(client, conversation, request, said, echoes, refusal=refusal)

    def send_file(self, client: Client, conversation: Conversation, request: FileEntry, file: Part) -> dict[str, Any]:
        """Take a file, and forget what is in it."""
        self._check_deployment(client, request.es_developer_name)
        if not conversation.bot.attachments:
            raise Refused(403, "Attachments are not enabled for this deployment")
        if len(file.content) > MOST_FILE_BYTES:
            raise Refused(413, TOO_LARGE)
        if file.content_type not in FILE_TYPES:
            raise Refused(415, "File type not supported")
        if not file.filename:
            raise Refused(400, "Specify the filename.")
        message = request.message
        echo = entries.attachments(
            message.text or None,
            id_=message.id,
            file_id=message.file_id,
            name=file.filename,
            mime_type=file.content_type,
            in_reply_to=message.in_reply_to_message_id or None,
        )
        said = Said(message.id, message.text or "", file=file.filename)
        return self._take(client, conversation, request, said, [echo])

    def _take(
        self,
        client: Client,
        conversation: Conversation,
        request: Sending,
        said: Said,
        echoes: Sequence[entries.Payload],
        *,
        refusal: entries.Payload | None = None,
    ) -> dict[str, Any]:
        if said.id in conversation.messages:
            raise Refused(409, "A message with this id already exists")
        is_new = conversation.session is None or conversation.session.is_over
        is_asked_for = request.is_new_messaging_session and request.routing_attributes is not None
        if is_new and conversation.bot.setup.prechat.is_for_sessions and not is_asked_for:
            raise Refused(417, "No messaging session exists")
        _check_lengths(conversation.bot, request.routing_attributes)
        admit(conversation.window)
        if request.is_new_messaging_session:
            conversation.know(request.routing_attributes, request.language)
        if is_new:
            self._start_session(conversation)
        conversation.hear(said, echoes, by=entries.end_user(client.subject, client.id), refusal=refusal)
        at = entries.now()
        return {"conversationEntries": [{"id": echo["id"], "clientTimestamp": at} for echo in echoes]}

    def end_session(self, client: Client, conversation: Conversation, deployment: str | None) -> None:
        """End the session; the conversation stays open."""
        self._check_deployment(client, deployment)
        conversation.end_by_user()

    def close(self, client: Client, conversation: Conversation, deployment: str | None) -> None:
        """Close the conversation."""
        self._check_deployment(client, deployment)
        conversation.close()
        conversation.owner.open_conversations -= 1
        self._archive.add(conversation.history)

    @property
    def open_conversations(self) -> int:
        """How many conversations nobody has closed."""
        return sum(subject.open_conversations for subject in self._subjects.values())

    def end_streams(self) -> None:
        """End all open streams in good order."""
        for subject in self._subjects.values():
            for stream in subject.streams:
                stream.end()
        self.desk.end_streams()

    def _start_session(self, conversation: Conversation) -> None:
        conversation.session = Session()
        conversation.routing_status = "INITIAL"
        playing = player.play(conversation, conversation.session)
        conversation.session.player = self._tasks.create_task(playing, name=f"bot of {conversation.id}")

    def _deployed(self, deployment: str) -> Bot:
        bot = self.bots.get(deployment)
        if bot is None:
            raise Refused(400, f'There is no deployment "{deployment}"')
        return bot

    def _bot(self, deployment: str) -> Bot:
        bot = self._deployed(deployment)
        if bot.type != "api":
            raise Refused(400, WRONG_TYPE)
        return bot

    def _check_deployment(self, client: Client, deployment: str | None) -> None:
        if deployment is None:
            raise Refused(400, "Specify the esDeveloperName.")
        self._bot(deployment)
        if deployment != client.deployment:
            raise Refused(400, "The esDeveloperName does not match the access token")

    @staticmethod
    def _configuration(bot: Bot) -> dict[str, Any]:
        config = configuration(bot.deployment, bot.channel, bot.setup, type_=bot.type, attachments=bot.attachments)
        return {"embeddedServiceConfig": config, "timestamp": entries.now()}


def admit(window: Window) -> None:
    """Count one more.

    Raises:
        Refused: 429; that is too many.
    """
    if not window.admits():
        raise Refused(429, "Too many requests")


def _check_lengths(bot: Bot, attributes: dict[str, str] | None) -> None:
    if (name := bot.setup.prechat.too_long(attributes or {})) is not None:
        raise Refused(400, f'The value of the routing attribute "{name}" is too long')


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _text(message: TextMessage) -> tuple[Said, list[entries.Payload]]:
    """Give what a text says, and its echoes; a link at one of its ends has an echo of its own."""
    text = message.static_content.text
    rest, url = links.split(text)
    echoes = [entries.text(rest, id_=message.id, in_reply_to=message.answers)] if rest or url is None else []
    if url is not None:
        id_ = None if echoes else message.id
        echoes.append(entries.rich_link(url, id_=id_, in_reply_to=message.answers))
    return Said(message.id, text), echoes


def _choice(conversation: Conversation, message: ChoicesResponse) -> tuple[Said, list[entries.Payload]]:
    """Give what a choice says, and its echo."""
    chosen: dict[str, str] = {}
    for option in message.choices_response.selected_options:
        label = conversation.offered.get(option.option_identifier)
        if label is None:
            raise Refused(400, "The optionIdentifier was not offered in this conversation")
        chosen[option.option_identifier] = label
    echo = entries.selections(chosen, id_=message.id, in_reply_to=message.answers)
    return Said(message.id, ", ".join(chosen.values())), [echo]
