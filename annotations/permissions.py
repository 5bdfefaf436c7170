"""Predicates over (viewer, object): who may do what. Whether an object is there for a viewer at all is decided by
`visible_to`."""

from annotations.models import Annotation


def may_edit_mark(viewer, annotation: Annotation) -> bool:
    return viewer.is_authenticated and annotation.author_id == viewer.pk


def may_edit_codebook(viewer) -> bool:
    """Staff, and readers who were given the permission `annotations.change_codebook`."""
    return viewer.is_active and (viewer.is_staff or viewer.has_perm("annotations.change_codebook"))


def may_moderate(viewer) -> bool:
    """Site administrators, in the admin: the one place where marks of others can be changed."""
    return viewer.is_active and viewer.is_staff and viewer.has_perm("annotations.change_annotation")


def may_attach_mark(viewer, annotation: Annotation) -> bool:
    """Say where a mark stands whose passage has changed or gone: its author, and site administrators."""
    return may_edit_mark(viewer, annotation) or may_moderate(viewer)
