"""Clear and hard cases of tags."""
