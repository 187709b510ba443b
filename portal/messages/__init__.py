"""Catalogues of messages: a folder a language, a file a subject; `python -m portal.messages km` lists what Khmer lacks."""
