"""Simulated other systems, as real HTTP servers: the Ministry's civil-status software and the national population database.

For tests, and for operators who want to try their settings (`sogoc simulate ministry|population`). They check what is sent as the real ones
are known to, from their own reading of the interfaces: they share no code with what sends to them. Everything is kept in memory.
"""
