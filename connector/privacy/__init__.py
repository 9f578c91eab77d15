"""A person's rights: to be forgotten, to see what is stored, not to be profiled, not to be kept for ever."""

from connector.privacy.forgetting import Receipt, forget, forget_here
from connector.privacy.keeping import expire
from connector.privacy.objection import object_to_profiling
from connector.privacy.subject import Held, held

__all__ = ["Held", "Receipt", "expire", "forget", "forget_here", "held", "object_to_profiling"]
