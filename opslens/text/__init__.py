"""The text core: pure functions over canonical text, its blocks and the spans that stand on it.

Nothing here knows about Django, the database or the reader. Every position is a half-open range
``[start, end)`` of Unicode code points in the canonical text of one revision.
"""
