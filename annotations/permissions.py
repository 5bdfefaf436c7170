"""Predicates over (viewer, object): who may do what. Whether an object is there for a viewer at all is decided by
`visible_to`."""

from annotations.models import Annotation, Assignment, Codebook, Member, TeamSession


def may_edit_mark(viewer, annotation: Annotation) -> bool:
    """Its author; in a session as long as it takes marks."""
    if not viewer.is_authenticated or annotation.author_id != viewer.pk:
        return False
    return annotation.session_id is None or annotation.session.takes_marks


def may_edit_codebook(viewer, codebook: Codebook | None = None) -> bool:
    """The site's codebook (None): staff, and readers who were given the permission `annotations.change_codebook`. That
    of a session: its owners. One who reads along blind may not once reading has begun: what a change touches would
    tell them what others have marked."""
    if codebook is not None and not codebook.is_default:
        owned = Member.objects.filter(user_id=viewer.pk, role=Member.OWNER, left_at=None)
        # Who tries a settled article owns a session with its codebook, and has no say in it.
        owned = owned.filter(session__codebook=codebook, session__deleted_at=None, session__calibrates=None)
        for member in owned.select_related("session"):
            begun = Assignment.objects.filter(session_article__session=member.session)
            if member.sees_all_marks(member.session) or not begun.exists():
                return True
        return False
    return viewer.is_active and (viewer.is_staff or viewer.has_perm("annotations.change_codebook"))


def may_read_codebook(viewer, codebook: Codebook) -> bool:
    """The site's: everybody. That of a session: its members, and everybody once it is out."""
    if codebook.is_default or codebook.sessions.finished().exists():
        return True
    return viewer.is_authenticated and codebook.sessions.of(viewer).exists()


def may_lead(member: Member) -> bool:
    """Change a session, its people, its articles and its phase."""
    return member.is_owner and member.left_at is None


def may_oversee(member: Member) -> bool:
    """See how far everybody is, and settle passages."""
    return member.oversees and member.left_at is None


def may_answer(member: Member) -> bool:
    """Answer the questions of readers."""
    return may_oversee(member)


def may_moderate(viewer) -> bool:
    """Site administrators, in the admin: the one place where marks of others can be changed."""
    return viewer.is_active and viewer.is_staff and viewer.has_perm("annotations.change_annotation")


def may_read_log(viewer) -> bool:
    """Staff who may view events: the log of the whole site."""
    return viewer.is_active and viewer.is_staff and viewer.has_perm("opslens.view_event")


def may_review_outside(viewer) -> bool:
    """Give verdicts on public marks that belong to no session. On which marks somebody may do so is
    `Annotation.objects.under_review_by`."""
    return viewer.is_active and viewer.has_perm("annotations.review_annotation")


def may_flag(viewer, annotation: Annotation) -> bool:
    """Ask reviewers to look at a mark that one sees: of somebody else, and where somebody gives verdicts."""
    if not viewer.is_authenticated or annotation.author_id == viewer.pk:
        return False
    session = annotation.session
    if session is None:
        return True
    # While marks are hidden, a flag's event would tell the author that somebody reads along.
    return session.phase in TeamSession.REVIEWED and not session.hides_marks and session.calibrates_id is None


def may_attach_mark(viewer, annotation: Annotation) -> bool:
    """Say where a mark stands whose passage has changed or gone: its author, and site administrators.
    Marks of a session stay in the revision that it reads."""
    return annotation.session_id is None and (may_edit_mark(viewer, annotation) or may_moderate(viewer))
