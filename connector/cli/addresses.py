"""Addresses of the config to which keys and data would go in clear."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from connector.config import Config

#: Names that no server on the internet has (RFC 6762, 8375, 9476, and what routers give).
OWN_NAMES = ("localhost", "local", "lan", "internal", "intranet", "home.arpa", "fritz.box")


def in_clear(config: Config, shop: str) -> list[str]:
    """A sentence for each plain http:// address outside the own network that is used for a shop."""
    return [
        f"{place} is a plain http:// address: keys and data of customers go there in clear. Use https://."
        for place, address in _addresses(config, shop)
        if address.casefold().startswith("http://") and not is_own(urlsplit(address).hostname or "")
    ]


def _addresses(config: Config, shop: str) -> Iterator[tuple[str, str]]:
    yield from _texts(f"shops.{shop}", config.shops[shop].settings)
    for outlet in config.outlets.values():
        if outlet.applies_to(shop):
            yield from _texts(f"outlets.{outlet.name}", outlet.settings)
    for name, receiver in config.receivers.items():
        if receiver.applies_to(shop):
            yield f"receivers.{name}.url", receiver.url


def _texts(place: str, settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in settings.items():
        if isinstance(value, str):
            yield f"{place}.{name}", value


def is_own(host: str) -> bool:
    """Whether a host is this machine or in the own network, as far as its name tells; nobody is asked."""
    try:
        return ipaddress.ip_address(host).is_private  # loopback and link-local addresses among them
    except ValueError:
        name = host.rstrip(".")
        return "." not in name or name.endswith(tuple(f".{each}" for each in OWN_NAMES))
