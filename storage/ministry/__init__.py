"""The Ministry's delivery (one Excel and one ZIP of small PDFs a book) and its import: what goes is in records.ministry, here is how."""
