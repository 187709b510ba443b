"""Dossiers to the Ministry's civil-status software: decided (`decision`), kept in an outbox, sent and followed (`sending`).

Who may see how far they are is in `listing`; how a version of the interface speaks is in `adapters`, where it is and from when in
`endpoints`, HTTP and tokens in `connection`.
"""
from storage.ministry_push.connection import Connection
from storage.ministry_push.decision import decide_to_send, hold, send_again, send_corrected
from storage.ministry_push.endpoints import endpoint_for, load_endpoints
from storage.ministry_push.listing import pushes
from storage.ministry_push.options import MinistryOptions
from storage.ministry_push.sending import Done, Sender

__all__ = ["Connection", "Done", "MinistryOptions", "Sender", "decide_to_send", "endpoint_for", "hold", "load_endpoints", "pushes",
           "send_again", "send_corrected"]
