"""Calls to one JTL-Shop: to our companion plugin, or to the shop's own REST API, and what a failure means.

Both answer 404 or 501 for what they do not have. That is never a matter of trying again.
"""

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from pydantic import SecretStr

from connector.errors import AuthError, ConfigError, RejectedError, ResponseError
from connector.http import Client, Limits, Response

T = TypeVar("T")

PLUGIN_PATH = "/stammkunde/v1"
CORE_PATH = "/api/v1"

KEY_HELP = "Keys and their permissions stand in the shop's backend under Stammkunde Connector, API keys."

#: Statuses whose body we want to read before we say what is wrong. 429 and 5xx are the client's affair.
_READ = frozenset({400, 401, 403, 404, 405, 409, 413, 415, 501})


class NoPluginError(ResponseError):
    """At this address there is a web server, but no plugin of ours."""


class UnsupportedError(ResponseError):
    """The shop does not have what was asked for, and will not have it later either."""


class _Error(msgspec.Struct):
    code: str
    message: str


class _Refusal(msgspec.Struct):
    error: _Error


def shop_url(url: str) -> str:
    """The address of the shop without a slash at its end.

    The address of the plugin, as its tab in the backend shows it, is as good.

    Raises:
        ConfigError: it is none.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError(f"{url!r} is no address of a shop, such as https://www.example.de.")
    return url.strip().rstrip("/").removesuffix(PLUGIN_PATH)


class Plugin:
    """The companion plugin's API (docs/platforms/jtl-plugin-api.md).

    Args:
        url: of the shop, as `shop_url` gives it.
    """

    def __init__(self, *, url: str, key: SecretStr, limits: Limits) -> None:
        secret = key.get_secret_value()
        self.http = Client(
            secrets=[secret],
            headers={"X-Stammkunde-Key": secret, "Accept": "application/json"},
            limits=limits,
        )
        self._base = url + PLUGIN_PATH

    def get(self, path: str, type_: type[T], **params: Any) -> T:
        """What the plugin says; parameters that are None are left out.

        Raises:
            NoPluginError: there is no plugin at this address.
            AuthError: the key is wrong or lacks a permission.
            RejectedError: the plugin does not take a parameter.
        """
        given = {name: value for name, value in params.items() if value is not None}
        answer = self.http.request("GET", f"{self._base}{path}", params=given, accept=_READ)
        return self._content(answer, type_)

    def post(self, path: str, body: Mapping[str, Any], type_: type[T]) -> T:
        """Send changes. Repeated when the answer is lost: `run` and `batch` in the body make twice once."""
        answer = self.http.request("POST", f"{self._base}{path}", json=body, accept=_READ)
        return self._content(answer, type_)

    def _content(self, answer: Response, type_: type[T]) -> T:
        if answer.status < 300:
            return answer.decode(type_)
        try:
            error = answer.decode(_Refusal).error
        except ResponseError:
            raise _not_the_plugin(answer) from None
        raise _plugin_error(answer.status, error, answer.request_id)


def _not_the_plugin(answer: Response) -> Exception:
    if answer.status in (404, 405, 501):
        return NoPluginError(
            f"The plugin Stammkunde Connector does not answer at {answer.host} (status {answer.status})."
        )
    message = f"{answer.host} answers with status {answer.status} before the plugin is asked"
    if answer.status in (401, 403):
        return AuthError(f"{message}: a password on the whole site or a firewall stands in front of it.")
    return ResponseError(f"{message}.", request_id=answer.request_id)


def _plugin_error(status: int, error: _Error, request_id: str | None) -> Exception:
    message = error.message.rstrip()
    if status == 401:
        return AuthError(f"The plugin does not accept `key`: {message} {KEY_HELP}", request_id=request_id)
    if status == 403:
        return AuthError(f"{message} {KEY_HELP}", request_id=request_id)
    if error.code == "other-installation":
        return AuthError(f"{message} It is released in the settings of the plugin.", request_id=request_id)
    if status == 400:
        return RejectedError(message, request_id=request_id)
    if status in (404, 405, 501):
        return UnsupportedError(
            f"The plugin does not have what Stammkunde asks for: {message} Update the older of the two.",
            request_id=request_id,
        )
    return ResponseError(f"The plugin refused a request: {message}", request_id=request_id)


class Core:
    """The shop's own REST API, which only reads.

    Args:
        url: of the shop, as `shop_url` gives it.
    """

    def __init__(self, *, url: str, key: SecretStr, limits: Limits) -> None:
        secret = key.get_secret_value()
        self.http = Client(secrets=[secret], headers={"X-API-KEY": secret}, limits=limits)
        self._base = url + CORE_PATH

    def get(self, path: str, type_: type[T], **params: Any) -> T:
        """What the API says.

        Raises:
            UnsupportedError: it has no such route, or is switched off.
            AuthError: the key is wrong or may not read.
        """
        answer = self.http.request("GET", f"{self._base}{path}", params=params, accept=_READ)
        if answer.status < 300:
            return answer.decode(type_)
        raise _core_error(answer)


def _core_error(answer: Response) -> Exception:
    if answer.status in (401, 403):
        return AuthError(
            "The shop's own REST API does not accept `core_key`. It is made in the shop's backend at "
            "/admin/apikey and needs the permission GET.",
            request_id=answer.request_id,
        )
    if answer.status in (404, 405, 501):
        return UnsupportedError(
            f"The REST API of {answer.host} is switched off or does not have what was asked for (status "
            f"{answer.status}). It is switched on by SHOW_REST_API in the shop's configuration.",
            request_id=answer.request_id,
        )
    return ResponseError(
        f"The REST API of {answer.host} refused a request with status {answer.status}.",
        request_id=answer.request_id,
    )
