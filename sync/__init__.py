"""Files on their way from one place to another over a network that comes and goes: manifest, chunks, receipt.

Who sends, over what transport, and what is done with the files afterwards is not known here. `receiver` is the side that
takes, `sender` the side that gives, `manifest` what they agree on, `receipt` what proves it.
"""
