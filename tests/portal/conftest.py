"""The fixtures of portal_house and route_world, for every test of this folder."""
from portal_house import archived, book, client, house
from route_world import world

__all__ = ["archived", "book", "client", "house", "world"]
