from opslens.models.article import Article, Draft, ReadingPosition, Revision
from opslens.models.event import Channel, Event
from opslens.models.search import SearchPassage
from opslens.models.user import User

__all__ = ["Article", "Channel", "Draft", "Event", "ReadingPosition", "Revision", "SearchPassage", "User"]
