"""What a deployment tells anybody who asks, without a token: its configuration and its business hours.

Source: the protocol notes, section 3.12.
"""

from collections.abc import Callable, Mapping

import httpx

from harness.client.exchange import Exchange, Requests
from harness.client.network import Network
from harness.client.target import Target
from harness.client.told import BusinessHours, Configuration, Configured, Hours, told

_PATH = "/embeddedservice/v1"


class Deployment:
    """A deployment of a target.

    Args:
        network: The way out.
        target: The service.
        deployment: API name of the deployment; the target's own if empty.
        observe: Told of every answered request, also of refused ones.
    """

    def __init__(
        self,
        network: Network,
        target: Target,
        *,
        deployment: str = "",
        observe: Callable[[Exchange], None] = lambda _: None,
    ) -> None:
        self._requests = Requests(network, observe)
        self._url = f"{target.url.rstrip('/')}{_PATH}"
        self._params = {"orgId": target.org_id, "esConfigName": deployment or target.deployment}

    async def configuration(self, *, language: str | None = None) -> Configuration:
        """Ask how it is configured (embedded-service-config).

        Args:
            language: Locale such as `en_US`, for labels.

        Raises:
            TargetUnreachable, ServiceRefused: As `Requests.send` does.
            RemoteProtocolError: The answer holds no configuration.
        """
        operation = "getEmbeddedServiceConfig"
        more = {"language": language} if language else {}
        response = await self._ask(operation, "embedded-service-config", more)
        return told(operation, Configured, response).embedded_service_config

    async def business_hours(self) -> BusinessHours:
        """Ask when somebody is there (businesshours).

        Raises:
            TargetUnreachable, ServiceRefused: As `Requests.send` does.
            RemoteProtocolError: The answer holds no business hours.
        """
        operation = "getBusinessHours"
        return told(operation, Hours, await self._ask(operation, "businesshours", {})).business_hours_info

    async def _ask(self, operation: str, path: str, more: Mapping[str, str]) -> httpx.Response:
        return await self._requests.send(operation, "GET", f"{self._url}/{path}", params={**self._params, **more})
