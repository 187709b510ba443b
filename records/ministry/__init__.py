"""The Ministry's import of digitised books (Công văn 1437/BTP-CNTT): its columns, what stands in a cell, its checks, its file names."""
