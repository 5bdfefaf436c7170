"""What each verb of the log means in a sentence: “<who> <says>”. One registry; a verb that is not in it is read as the
words it is made of."""

from __future__ import annotations

from dataclasses import dataclass

MARKS, REVIEW, TALK, ARTICLES, SESSIONS = "marks", "review", "talk", "articles", "sessions"
SETTLING, CODEBOOK, PEOPLE, OTHER = "settling", "codebook", "people", "other"
GROUPS = {
    MARKS: "marks",
    REVIEW: "review of marks",
    TALK: "replies and questions",
    ARTICLES: "articles and their texts",
    SESSIONS: "sessions and their members",
    SETTLING: "settling",
    CODEBOOK: "codebooks and tags",
    PEOPLE: "accounts",
    OTHER: "other",
}


@dataclass(frozen=True, slots=True)
class Words:
    """`says` may name what the event is about as `{about}`, the person it concerns as `{person}`, the role in it as
    `{role}`, and what was changed as `{parts}`. With `plain` only the sentence is shown, not what differs."""

    group: str
    says: str
    plain: bool = False


VERBS: dict[str, Words] = {
    # Marks
    "mark-created": Words(MARKS, "marked a passage"),
    "mark-edited": Words(MARKS, "changed {parts} of a mark"),
    "mark-deleted": Words(MARKS, "put a mark into the trash"),
    "mark-restored": Words(MARKS, "took a mark out of the trash"),
    "mark-undone": Words(MARKS, "took back what they had done last to a mark"),
    "mark-attached": Words(MARKS, "attached a mark to another passage"),
    "staff-edited-mark": Words(MARKS, "changed {parts} of somebody’s mark, as an administrator"),
    "staff-deleted-mark": Words(MARKS, "put somebody’s mark into the trash, as an administrator"),
    "staff-restored-mark": Words(MARKS, "took somebody’s mark out of the trash, as an administrator"),
    "staff-undid": Words(MARKS, "took back a change of somebody’s mark, as an administrator"),
    "staff-attached-mark": Words(MARKS, "attached somebody’s mark to another passage, as an administrator"),
    "passage-left": Words(MARKS, "left a mark as it is although its passage has changed"),
    "passage-reopened": Words(MARKS, "put a mark back among those to check"),
    "passage-changed": Words(MARKS, "published a revision that changed the passage of a mark"),
    "marks-carried": Words(MARKS, "published a revision into which marks were carried"),
    # Review
    "review-accepted": Words(REVIEW, "accepted a mark"),
    "review-rejected": Words(REVIEW, "rejected a mark"),
    "review-returned": Words(REVIEW, "returned a mark to its author"),
    "review-retagged": Words(REVIEW, "gave a mark other tags, as a reviewer"),
    "review-sent-back": Words(REVIEW, "sent a mark back to the reviewers"),
    "review-undone": Words(REVIEW, "took a verdict on a mark back"),
    "flag-raised": Words(REVIEW, "asked the reviewers to look at a mark"),
    "flag-settled": Words(REVIEW, "answered a request to look at a mark"),
    "flag-withdrawn": Words(REVIEW, "withdrew a request to look at a mark"),
    # Talk
    "reply-added": Words(TALK, "replied to a mark"),
    "reply-edited": Words(TALK, "changed a reply"),
    "reply-deleted": Words(TALK, "deleted a reply"),
    "reply-restored": Words(TALK, "restored a reply"),
    "question-asked": Words(TALK, "asked the reviewers a question"),
    "question-answered": Words(TALK, "answered a question"),
    # Articles
    "article-imported": Words(ARTICLES, "imported an article"),
    "article-edited": Words(ARTICLES, "changed {parts} of an article"),
    "article-trashed": Words(ARTICLES, "put an article into the trash", plain=True),
    "article-restored": Words(ARTICLES, "took an article out of the trash", plain=True),
    "revision-published": Words(ARTICLES, "published a new revision of an article"),
    # Sessions
    "session-created": Words(SESSIONS, "made the session"),
    "session-edited": Words(SESSIONS, "changed the settings of the session"),
    "session-trashed": Words(SESSIONS, "put the session into the trash"),
    "session-restored": Words(SESSIONS, "took the session out of the trash"),
    "phase-changed": Words(SESSIONS, "moved the session to another phase"),
    "article-added": Words(SESSIONS, "added an article to the session"),
    "article-removed": Words(SESSIONS, "took an article out of the session"),
    "invitation-made": Words(SESSIONS, "made an invitation"),
    "invitation-revoked": Words(SESSIONS, "took an invitation back"),
    "member-joined": Words(SESSIONS, "added {person} as {role}"),
    "member-left": Words(SESSIONS, "left the session", plain=True),
    "member-merged": Words(SESSIONS, "merged two accounts of a member", plain=True),
    "member-separated": Words(SESSIONS, "separated two accounts of a member", plain=True),
    "member-removed": Words(SESSIONS, "removed {person} from the session", plain=True),
    "role-changed": Words(SESSIONS, "gave {person} another role"),
    "article-opened": Words(SESSIONS, "began to read an article", plain=True),
    "article-done": Words(SESSIONS, "finished an article", plain=True),
    "article-skipped": Words(SESSIONS, "skipped an article"),
    "article-reopened": Words(SESSIONS, "went back to an article that was finished", plain=True),
    "article-noted": Words(SESSIONS, "changed their note on an article"),
    "staff-looked": Words(SESSIONS, "looked at rows of a blind session, as an administrator"),
    # Settling
    "decision-made": Words(SETTLING, "decided a passage"),
    "decision-changed": Words(SETTLING, "changed a decision"),
    "decision-undone": Words(SETTLING, "took a decision back"),
    "decision-answered": Words(SETTLING, "answered a decision that differs from their marks"),
    "strategy-applied": Words(SETTLING, "had passages settled by a strategy"),
    # Codebook
    "codebook-loaded": Words(CODEBOOK, "loaded the codebook"),
    "codebook-copied": Words(CODEBOOK, "copied the codebook"),
    "codebook-imported": Words(CODEBOOK, "imported the codebook"),
    "codebook-import-undone": Words(CODEBOOK, "took the import of a codebook back"),
    "tag-added": Words(CODEBOOK, "added a tag"),
    "tag-edited": Words(CODEBOOK, "changed {parts} of a tag"),
    "tag-restored": Words(CODEBOOK, "restored {parts} of a tag as they were"),
    "tag-recoloured": Words(CODEBOOK, "gave a tag another look"),
    "tag-moved": Words(CODEBOOK, "moved a tag within its group"),
    "tag-switched-on": Words(CODEBOOK, "offered a tag to readers", plain=True),
    "tag-switched-off": Words(CODEBOOK, "stopped offering a tag to readers", plain=True),
    "tag-retired": Words(CODEBOOK, "retired a tag", plain=True),
    "tag-brought-back": Words(CODEBOOK, "brought a tag back"),
    "group-edited": Words(CODEBOOK, "changed {parts} of a group of tags"),
    "tags-merged": Words(CODEBOOK, "merged a tag into another"),
    "tag-split": Words(CODEBOOK, "split a tag"),
    "surgery-undone": Words(CODEBOOK, "took the merging or splitting of a tag back"),
    "example-added": Words(CODEBOOK, "added an example to a tag"),
    "example-edited": Words(CODEBOOK, "changed an example of a tag"),
    "example-removed": Words(CODEBOOK, "took an example of a tag away"),
    "example-restored": Words(CODEBOOK, "put an example of a tag back"),
    # Accounts
    "signed-up": Words(PEOPLE, "made an account"),
    "person-added": Words(PEOPLE, "added an account for the demo"),
    "profile-edited": Words(PEOPLE, "changed {parts} of their profile"),
    "preferences-edited": Words(PEOPLE, "changed their reading preferences"),
    "password-changed": Words(PEOPLE, "changed their password"),
    "password-set": Words(PEOPLE, "set a password for {person}"),
    "deactivated": Words(PEOPLE, "closed the account of {person}", plain=True),
    "reactivated": Words(PEOPLE, "opened the account of {person} again", plain=True),
    "people-merged": Words(PEOPLE, "merged two accounts of one person"),
    "people-separated": Words(PEOPLE, "separated two accounts that had been merged"),
    "person-anonymised": Words(PEOPLE, "made an account anonymous"),
    # The Django admin
    "admin-added": Words(OTHER, "added {about} in the administration"),
    "admin-edited": Words(OTHER, "changed {about} in the administration"),
    "admin-deleted": Words(OTHER, "deleted {about} in the administration"),
}


def words_for(verb: str) -> Words:
    """The words of a verb; of one that nobody has given words, those that it is made of."""
    found = VERBS.get(verb)
    return found or Words(OTHER, f"did “{' '.join(verb.split('-'))}”")


def label_of(verb: str) -> str:
    """A verb in a list to choose from."""
    return " ".join(verb.split("-"))


def verbs_of(group: str) -> list[str]:
    return [verb for verb, words in VERBS.items() if words.group == group]
