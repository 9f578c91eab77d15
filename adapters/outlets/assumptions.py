"""Everything that the outlets take for granted about newsletter tools, in one place.

They were written to public documentation and tried on sandboxes built from it, never on an account of a tool.
docs/outlets.md holds this list word for word. Whoever tries one strikes out here what turned out true.
"""

from typing import NamedTuple


class Assumption(NamedTuple):
    """What is taken for granted, and where that comes from."""

    tool: str
    what: str
    source: str


REFERENCE = "the tool's API reference"
OPENAPI = "the tool's OpenAPI description"
CLIENT = "the tool's own client library"
CLIENTS = "public clients of the API"
NOTHING = "nothing; chosen so that a mistake does the least harm"

ASSUMPTIONS = (
    Assumption("Brevo", "`GET /contacts/{email}` answers 404 for an address it does not know.", REFERENCE),
    Assumption(
        "Brevo", "`PUT /contacts/{id}` with `attributes` only leaves lists and blocks alone.", REFERENCE
    ),
    Assumption(
        "Brevo", "Somebody who unsubscribed from everything, or bounced, has `emailBlacklisted`.", CLIENT
    ),
    Assumption("Brevo", "An empty text clears an attribute, a date too.", NOTHING),
    Assumption("Brevo", "A date is written YYYY-MM-DD.", REFERENCE),
    Assumption(
        "CleverReach",
        "The client's id and secret, as HTTP basic authentication with `grant_type=client_credentials`, give"
        " a token for the account that the app belongs to.",
        CLIENTS,
    ),
    Assumption(
        "CleverReach", "A recipient is found below its list by address; an unknown one is 404.", CLIENTS
    ),
    Assumption(
        "CleverReach",
        "`PUT` of `global_attributes` changes the fields it names and nothing else. The first contact of"
        " every run is read again to see to that; if not, its fields are put back and the run stops.",
        CLIENTS,
    ),
    Assumption(
        "CleverReach",
        "`activated` of 0 has not confirmed, `deactivated` above 0 has unsubscribed, `bounced` above 0 came"
        " back.",
        CLIENTS,
    ),
    Assumption("CleverReach", "`GET /blacklist.json/{email}` is 404 unless the address is on it.", CLIENTS),
    Assumption(
        "CleverReach", "A data field of type date is written YYYY-MM-DD; empty text clears it.", NOTHING
    ),
    Assumption("CleverReach", "Five calls a second are welcome.", NOTHING),
    Assumption(
        "Klaviyo",
        "`PATCH` of `properties` changes those it names, `unset` takes off those it names.",
        OPENAPI,
    ),
    Assumption("Klaviyo", "`any(email,[…])` finds profiles by their address in small letters.", OPENAPI),
    Assumption("Klaviyo", "A property of the form YYYY-MM-DD is taken for a date.", REFERENCE),
    Assumption(
        "Mailchimp", "`PATCH` of a member with `merge_fields` only leaves its status alone.", REFERENCE
    ),
    Assumption("Mailchimp", "A member who was archived still answers, with the status `archived`.", CLIENT),
    Assumption("Mailchimp", "A date is written YYYY-MM-DD; an empty text clears a field.", REFERENCE),
    Assumption("rapidmail", "Recipients are asked for by `recipientlist_id`, `email` and `status`.", CLIENT),
    Assumption(
        "rapidmail",
        "Several statuses are asked for as `status[0]=active&status[1]=new`, as PHP does.",
        CLIENT,
    ),
    Assumption(
        "rapidmail",
        "`PATCH` changes the fields it names and nothing else. The first contact of every run is read again"
        " to see to that; if not, its fields are put back and the run stops.",
        CLIENTS,
    ),
    Assumption("rapidmail", "Whoever unsubscribes has the status `deleted`.", CLIENTS),
    Assumption(
        "rapidmail",
        "The blacklist gives its `pattern`s in pages counted by `page_count`: addresses, and domains as"
        " `example.org`, `@example.org` or `*@example.org`. Other patterns are not judged by us; rapidmail"
        " itself still sends nothing to them.",
        NOTHING,
    ),
)
