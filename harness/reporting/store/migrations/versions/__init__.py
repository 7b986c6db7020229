"""One file a revision. What is released is never changed: whatever comes next is another one."""
