"""Words that passwords are commonly made of (storage.passwords)."""
