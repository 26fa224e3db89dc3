"""A real mail server, and a run that was refused."""

from support.mailboxes import mailbox, refused_run  # noqa: F401
