"""The fixtures of portal_house, for every test of this folder."""
from portal_house import archived, book, client, house

__all__ = ["archived", "book", "client", "house"]
