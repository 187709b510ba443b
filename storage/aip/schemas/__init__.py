"""XML schemas that packages carry; SOURCES.txt says where each comes from."""
