"""Mailchimp."""

from adapters.outlets.mailchimp.outlet import MailchimpOutlet

__all__ = ["MailchimpOutlet"]
