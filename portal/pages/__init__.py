"""Pages for people: signing in, home, books, uploads, review, the log."""
