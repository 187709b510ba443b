"""Asking the national population database about one person, in an officer's name, for a dossier (`asking`); SOAP or REST (`connection`).

A question that cannot be sent is kept. Answers stand beside what is written and never replace it (Thông tư 04/2020/TT-BTP, Điều 17).
"""
from storage.population_query.asking import WhatFor, answers, ask_about, send, send_waiting
from storage.population_query.connection import QueryConnection
from storage.population_query.options import Officer, PopulationQueryOptions, read_officers

__all__ = ["Officer", "PopulationQueryOptions", "QueryConnection", "WhatFor", "answers", "ask_about", "read_officers", "send",
           "send_waiting"]
