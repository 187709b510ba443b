"""The log for the province's security operations centre (SOC): lines in CEF, and the thread that sends them as they are written."""
