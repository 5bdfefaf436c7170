from annotations.models.annotation import Anchor, Annotation, AnnotationTag, Crossing
from annotations.models.codebook import Codebook, Tag, TagGroup

__all__ = ["Anchor", "Annotation", "AnnotationTag", "Codebook", "Crossing", "Tag", "TagGroup"]
