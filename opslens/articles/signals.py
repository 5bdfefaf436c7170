"""What the project tells those it does not know."""

from django.dispatch import Signal

# Sent inside the transaction that publishes, with `revision`, the new one, its `document`, and `previous`, the one
# before it. A receiver that raises takes the publication back. It must not ask `document_of` for the new revision,
# whose id another one would get then. The sender is the Revision model.
revision_published = Signal()
