from annotations.models.adjudication import Answer, Considered, Decision
from annotations.models.annotation import Anchor, Annotation, AnnotationTag, Crossing
from annotations.models.codebook import Codebook, Tag, TagGroup
from annotations.models.presence import Presence
from annotations.models.review import Flag, Review, SavedQueue
from annotations.models.surgery import Example, Retagging, Surgery
from annotations.models.team import (
    Assignment,
    Invitation,
    Member,
    Question,
    Reply,
    SessionArticle,
    TeamSession,
)

__all__ = [
    "Anchor",
    "Annotation",
    "AnnotationTag",
    "Answer",
    "Assignment",
    "Codebook",
    "Considered",
    "Crossing",
    "Decision",
    "Example",
    "Flag",
    "Invitation",
    "Member",
    "Presence",
    "Question",
    "Reply",
    "Retagging",
    "Review",
    "SavedQueue",
    "SessionArticle",
    "Surgery",
    "Tag",
    "TagGroup",
    "TeamSession",
]
