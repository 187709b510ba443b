"""The command line, the settings, the home: wires the rooms together."""
